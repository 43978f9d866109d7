#include <samjoko/web/brief_text.hpp>

#include <gtest/gtest.h>

namespace samjoko::web {
namespace {

TEST(brief_text, is_the_sum_of_its_parts_on_both_sides_of_its_own_room) {
  for (const std::size_t piece : {1U, 7U, 100U, 383U, 384U, 385U, 1000U}) {
    brief_text text;
    std::string same;
    for (int times = 0; times < 6; ++times) {
      const std::string more(piece, static_cast<char>('a' + times));
      text.append(more);
      same.append(more);
      EXPECT_EQ(text.view(), same) << piece;
    }
  }
}

TEST(brief_text, is_empty_after_clear_and_begins_in_place_again) {
  brief_text text;
  text.append(std::string(1000, 'x')).clear();
  EXPECT_EQ(text.view(), "");
  text.append("short");
  EXPECT_EQ(text.view(), "short");
  const auto* at = text.view().data();
  EXPECT_GE(at, reinterpret_cast<const char*>(&text));
  EXPECT_LT(at, reinterpret_cast<const char*>(&text + 1));
}

TEST(brief_text, moves_with_what_it_holds) {
  brief_text small;
  brief_text large;
  small.append("small");
  large.append(std::string(999, 'y'));
  const brief_text moved_small = std::move(small);
  const brief_text moved_large = std::move(large);
  EXPECT_EQ(moved_small.view(), "small");
  EXPECT_EQ(moved_large.view(), std::string(999, 'y'));
}

}  // namespace
}  // namespace samjoko::web

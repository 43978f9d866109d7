#include <samjoko/hub/frame.hpp>

#include <gtest/gtest.h>

#include <random>

namespace samjoko::hub {
namespace {

std::string bytes_of(const frame& what) {
  std::string text;
  append(text, what);
  return text;
}

TEST(hub_frame, comes_back_as_it_was) {
  const frame sent{.kind = frame_kind::publish,
                   .flags = flag_not_to_me,
                   .topic = "harbour",
                   .name = "crow",
                   .body = std::string_view("a\0b\n", 4)};
  const auto text = bytes_of(sent) + "next";
  const auto cut = first_frame(as_bytes(text)).value().value();
  EXPECT_EQ(cut.size, text.size() - 4);
  EXPECT_EQ(cut.what.kind, sent.kind);
  EXPECT_EQ(cut.what.flags, sent.flags);
  EXPECT_EQ(cut.what.topic, sent.topic);
  EXPECT_EQ(cut.what.name, sent.name);
  EXPECT_EQ(cut.what.body, sent.body);
}

TEST(hub_frame, the_longest_one_fits_a_block_and_comes_back) {
  const std::string text(longest_text, 't');
  const std::string body(longest_message, 'b');
  const auto whole =
      bytes_of({.kind = frame_kind::message, .topic = text, .name = text, .body = body});
  EXPECT_EQ(whole.size(), longest_frame);
  EXPECT_LE(longest_frame, 16U * 1024);
  EXPECT_EQ(first_frame(as_bytes(whole)).value().value().what.body, body);
}

TEST(hub_frame, no_beginning_of_one_is_taken_for_a_whole_one) {
  const auto whole =
      bytes_of({.kind = frame_kind::tell, .topic = "", .name = "crow", .body = "caw"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = first_frame(as_bytes(std::string_view(whole).substr(0, size)));
    ASSERT_TRUE(cut) << size;
    EXPECT_FALSE(cut->has_value()) << size;
  }
}

TEST(hub_frame, what_can_never_become_one_is_malformed) {
  const auto is_malformed = [](std::string_view text) {
    const auto cut = first_frame(as_bytes(text));
    return !cut && cut.error().is(condition::malformed);
  };
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_malformed("\0\0\0\0"sv)) << "no room for a kind";
  EXPECT_TRUE(is_malformed("\xff\xff\xff\xff"sv)) << "told before its bytes come";
  EXPECT_TRUE(is_malformed("\4\0\0\0\0\0\0\0"sv)) << "kind 0";
  EXPECT_TRUE(is_malformed("\4\0\0\0\x08\0\0\0"sv)) << "a kind that does not exist";
  EXPECT_TRUE(is_malformed("\4\0\0\0\x04\0\x01\0"sv)) << "a topic beyond the end";
  EXPECT_TRUE(is_malformed("\5\0\0\0\x04\0\x01t\x09"sv)) << "a name beyond the end";
}

TEST(hub_frame, random_bytes_never_read_beyond_their_end) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 64, '\0');
    for (auto& each : text) each = static_cast<char>(random());
    if (text.size() > 4) {  // a length that may fit, so that the inside is looked at
      text[0] = static_cast<char>(random() % 64);
      text[1] = text[2] = text[3] = 0;
    }
    const auto cut = first_frame(as_bytes(text));
    if (!cut || !*cut) continue;
    EXPECT_LE((*cut)->size, text.size());
    const auto& what = (*cut)->what;
    EXPECT_EQ(8 + what.topic.size() + what.name.size() + what.body.size(), (*cut)->size);
  }
}

}  // namespace
}  // namespace samjoko::hub

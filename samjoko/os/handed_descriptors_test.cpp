#include <samjoko/os/handed_descriptors.hpp>

#include <gtest/gtest.h>

namespace samjoko::os {
namespace {

TEST(handed_descriptors, are_counted_from_three_and_named_in_order) {
  const auto found = read_handed("7", "3", "web:admin", 7);
  ASSERT_EQ(found.all.size(), 3U);
  EXPECT_EQ(number_of_handed("web", found), 3);
  EXPECT_EQ(number_of_handed("admin", found), 4);
  EXPECT_EQ(number_of_handed("unknown", found), 5);
  EXPECT_EQ(found.refused, "");
}

TEST(handed_descriptors, of_another_process_are_not_taken) {
  const auto found = read_handed("8", "1", "web", 7);
  EXPECT_TRUE(found.all.empty());
  EXPECT_EQ(number_of_handed("web", found), -1);
  EXPECT_EQ(why_not_handed("web", found), "LISTEN_PID names process 8, and this is process 7");
}

TEST(handed_descriptors, that_are_not_there_are_told_with_those_that_are) {
  EXPECT_EQ(why_not_handed("web", read_handed(nullptr, nullptr, nullptr, 7)),
            "no descriptor 'web' was handed over: LISTEN_FDS is not set");
  EXPECT_EQ(why_not_handed("web", read_handed("7", "2", "http:admin", 7)),
            "no descriptor 'web' was handed over, there are: http (fd:3), admin (fd:4)");
}

// systemd gives all sockets of one unit the same name unless told otherwise.
TEST(handed_descriptors, of_one_name_are_not_guessed_at) {
  const auto found = read_handed("7", "2", "web:web", 7);
  EXPECT_EQ(number_of_handed("web", found), -1);
  EXPECT_EQ(why_not_handed("web", found),
            "several descriptors are called 'web', say which by number: web (fd:3), web (fd:4)");
}

TEST(handed_descriptors, nonsense_gives_none) {
  for (const auto* count : {"", "x", "-1", "4097", "99999999999999999999", "1 "}) {
    const auto found = read_handed("7", count, "web", 7);
    EXPECT_TRUE(found.all.empty()) << count;
    EXPECT_NE(found.refused, "") << count;
  }
  EXPECT_NE(read_handed(nullptr, "1", nullptr, 7).refused, "");
  EXPECT_NE(read_handed("seven", "1", nullptr, 7).refused, "");
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/services/chat_rate.hpp>

#include <gtest/gtest.h>

namespace samjoko::services {
namespace {

constexpr steady::time_point start{std::chrono::hours(100)};

int allowed(chat_rate& tested, std::uint32_t rate, steady::time_point now) {
  int count = 0;
  while (count < 10'000 && tested.allows(rate, now)) ++count;
  return count;
}

TEST(chat_rate, five_seconds_worth_at_once_and_then_the_rate) {
  chat_rate tested;
  EXPECT_EQ(allowed(tested, 20, start), 100);
  EXPECT_EQ(allowed(tested, 20, start), 0);
  EXPECT_EQ(allowed(tested, 20, start + milliseconds(49)), 0);
  EXPECT_EQ(allowed(tested, 20, start + milliseconds(50)), 1);
  EXPECT_EQ(allowed(tested, 20, start + std::chrono::seconds(1)), 19);
  EXPECT_EQ(allowed(tested, 20, start + std::chrono::hours(1)), 100);
}

TEST(chat_rate, none) {
  chat_rate tested;
  EXPECT_EQ(allowed(tested, 0, start), 10'000);
}

}  // namespace
}  // namespace samjoko::services

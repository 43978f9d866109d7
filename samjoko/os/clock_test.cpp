#include <samjoko/os/clock.hpp>

#include <gtest/gtest.h>

namespace samjoko::os {
namespace {

TEST(clock, the_frequent_one_is_never_ahead_and_behind_by_less_than_its_lag) {
  frequent_clock asked;
  const auto end = steady::now() + std::chrono::milliseconds(60);
  for (auto before = steady::now(); before < end;) {
    const auto told = asked.now();
    const auto after = steady::now();
    ASSERT_LE(told, after);
    ASSERT_LT(before, told + asked.lag());
    before = after;
  }
}

TEST(clock, the_frequent_one_notices_that_nobody_asked_for_a_while) {
  frequent_clock asked;
  const auto first = asked.now();
  while (coarse_now() < first + std::chrono::milliseconds(20)) {
  }
  EXPECT_GE(asked.now(), first + std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace samjoko::os

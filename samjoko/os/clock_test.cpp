#include <samjoko/os/clock.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace samjoko::os {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST(clock, the_coarse_one_is_never_ahead_and_little_behind) {
  for (int look = 0; look < 1000; ++look) {
    const auto coarse = coarse_now();
    const auto exact = steady::now();
    ASSERT_LE(coarse, exact);
  }
}

TEST(clock, the_time_of_day_can_be_played_and_given_back) {
  play_wall_clock([]() noexcept { return system_clock::time_point(seconds(4'102'444'800)); });
  EXPECT_EQ(wall_seconds(), 4'102'444'800);
  EXPECT_EQ(wall_now(), system_clock::time_point(seconds(4'102'444'800)));
  play_wall_clock(nullptr);
  EXPECT_LT(std::abs(wall_seconds() - system_clock::to_time_t(system_clock::now())), 2);
}

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

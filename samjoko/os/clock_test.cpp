#include <samjoko/os/clock.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include <samjoko/os/log_writer.hpp>

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

// A line's rate limit counts seconds of the monotonic clock: a time of day that stands still must
// not hold lines back for ever, and one that jumps must not let a flood through.
TEST(clock, a_frozen_time_of_day_holds_no_line_of_the_log_back) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const descriptor out(ends[0]);
  log_writer log;
  ASSERT_TRUE(log.adopt(descriptor(ends[1])));
  play_wall_clock([]() noexcept { return system_clock::time_point(seconds(2'147'483'648)); });
  log.write(log_level::notice, every("test"), "after the last second of 32 bits", {});
  play_wall_clock(nullptr);
  std::array<char, 4096> text;
  const auto size = ::read(out.get(), text.data(), text.size());
  ASSERT_GT(size, 0);
  const std::string line(text.data(), static_cast<std::size_t>(size));
  EXPECT_TRUE(line.starts_with("2038-01-19T03:14:08.000Z notice ")) << line;
}

}  // namespace
}  // namespace samjoko::os

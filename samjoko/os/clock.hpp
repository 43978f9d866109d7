#pragma once
// Charter: the clocks of the kernel, cheaply: a few nanoseconds, no system call.

#include <ctime>
#include <samjoko/base/deadline.hpp>

namespace samjoko::os {

/// Never ahead of steady::now(), behind it by less than coarse_lag(), which is three ticks of the
/// kernel, 3 to 30 ms (man 2 clock_gettime, CLOCK_MONOTONIC_COARSE).
[[nodiscard]] steady::time_point coarse_now() noexcept;
[[nodiscard]] steady::duration coarse_lag() noexcept;

/// Seconds of the epoch, for dates that people read; never for waiting (CLOCK_REALTIME_COARSE).
[[nodiscard]] std::time_t wall_seconds() noexcept;
/// The same to the nanosecond. Nothing else in the library asks for the time of day.
[[nodiscard]] std::chrono::system_clock::time_point wall_now() noexcept;

/// For tests of a time of day that jumps: asked instead of the kernel by this process and those it
/// forks from now on; null for the kernel again.
using wall_clock = std::chrono::system_clock::time_point (*)() noexcept;
void play_wall_clock(wall_clock instead) noexcept;

}  // namespace samjoko::os

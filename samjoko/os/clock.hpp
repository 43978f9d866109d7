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

}  // namespace samjoko::os

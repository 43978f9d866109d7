#pragma once
// Charter: the clocks of the kernel, cheaply: a few nanoseconds, no system call.

#include <cstdint>
#include <ctime>
#include <samjoko/base/deadline.hpp>

namespace samjoko::os {

/// Never ahead of steady::now(), behind it by less than coarse_lag(), which is three ticks of the
/// kernel, 3 to 30 ms (man 2 clock_gettime, CLOCK_MONOTONIC_COARSE).
[[nodiscard]] steady::time_point coarse_now() noexcept;
[[nodiscard]] steady::duration coarse_lag() noexcept;

/// The coarse clock, for code that asks again and again. It is read anew only when a millisecond
/// may have gone by, which the processor's own counter tells for a few cycles. The answer is behind
/// steady::now() by less than lag(). Belongs to one thread.
class frequent_clock {
 public:
  [[nodiscard]] steady::time_point now() noexcept;
  [[nodiscard]] steady::duration lag() const noexcept { return lag_; }

 private:
  std::uint64_t read_at_ = 0;  ///< the counter at the last reading
  steady::time_point last_{};
  steady::duration lag_ = coarse_lag() + std::chrono::milliseconds(1);
};

/// Seconds of the epoch, for dates that people read; never for waiting (CLOCK_REALTIME_COARSE).
[[nodiscard]] std::time_t wall_seconds() noexcept;
/// The same to the nanosecond. Nothing else in the library asks for the time of day.
[[nodiscard]] std::chrono::system_clock::time_point wall_now() noexcept;

/// The time of day as the kernel counts it when it notes the times of a file: behind wall_now(),
/// and by more than a tick where a busy machine lets ticks wait (CLOCK_REALTIME_COARSE).
[[nodiscard]] std::chrono::system_clock::time_point coarse_wall_now() noexcept;

/// For tests of a time of day that jumps: this process, and those it forks from now on, ask this
/// function instead of the kernel; null: the kernel again.
using wall_clock = std::chrono::system_clock::time_point (*)() noexcept;
void play_wall_clock(wall_clock instead) noexcept;

}  // namespace samjoko::os

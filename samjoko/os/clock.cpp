#include <samjoko/os/clock.hpp>

#include <time.h>

#include <atomic>

namespace samjoko::os {
namespace {

steady::duration to_duration(const timespec& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

constinit std::atomic<wall_clock> played{nullptr};

}  // namespace

steady::time_point coarse_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return steady::time_point(to_duration(time));
}

/// The resolution is a tick of the kernel, but the clock is more than one behind at times: on Linux
/// 6.18 with a tick of 4 ms it was seen 5.8 ms behind, two times in five by more than the tick.
steady::duration coarse_lag() noexcept {
  static const auto lag = [] {
    timespec time{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &time);
    return 3 * to_duration(time);
  }();
  return lag;
}

#ifdef __x86_64__
/// Processors of this kind count faster than 1 GHz (Intel SDM volume 3, 18.17), so that so many
/// counts are less than a millisecond. A thread that was moved to another processor, or a machine
/// that was suspended, is no danger: kernels that offer the counter to programs keep it in step,
/// and a count that went backwards is a very large one.
steady::time_point frequent_clock::now() noexcept {
  constexpr std::uint64_t less_than_a_millisecond = 1'000'000;
  const auto count = __builtin_ia32_rdtsc();
  if (count - read_at_ < less_than_a_millisecond) return last_;
  read_at_ = count;
  last_ = coarse_now();
  return last_;
}
#else
steady::time_point frequent_clock::now() noexcept { return coarse_now(); }
#endif

std::time_t wall_seconds() noexcept {
  if (const auto instead = played.load(std::memory_order_relaxed); instead != nullptr)
    return std::chrono::system_clock::to_time_t(instead());
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return time.tv_sec;
}

std::chrono::system_clock::time_point wall_now() noexcept {
  const auto instead = played.load(std::memory_order_relaxed);
  return instead == nullptr ? std::chrono::system_clock::now() : instead();
}

std::chrono::system_clock::time_point coarse_wall_now() noexcept {
  if (const auto instead = played.load(std::memory_order_relaxed); instead != nullptr)
    return instead();
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return std::chrono::system_clock::time_point(to_duration(time));
}

void play_wall_clock(wall_clock instead) noexcept { played.store(instead); }

}  // namespace samjoko::os

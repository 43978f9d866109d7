#pragma once
// Charter: the wish that something ends, in two strengths. Only a flag: code that sets it also
// wakes the loops that shall see it. Lock-free, so that a signal handler and other threads may set
// it.

#include <atomic>

namespace samjoko {

enum class stop_level : int {
  none,
  graceful,   ///< finish what has begun, begin nothing
  immediate,  ///< end every wait now
};

class stop_flag {
 public:
  /// Raises the level; it never falls.
  void request(stop_level level) noexcept {
    int old = level_.load(std::memory_order_relaxed);
    while (old < static_cast<int>(level) &&
           !level_.compare_exchange_weak(old, static_cast<int>(level), std::memory_order_release)) {
    }
  }
  [[nodiscard]] stop_level level() const noexcept {
    return static_cast<stop_level>(level_.load(std::memory_order_acquire));
  }
  [[nodiscard]] bool requested() const noexcept { return level() != stop_level::none; }

 private:
  std::atomic<int> level_ = 0;
};

static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace samjoko

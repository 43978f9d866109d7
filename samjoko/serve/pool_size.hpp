#pragma once
// Charter: how large a pool should be, as a pure decision. The pool grows while no member waits in
// accept, and shrinks by the number that was idle throughout a whole window. No clock, no threads:
// the caller passes the times.

#include <algorithm>
#include <cstdint>
#include <samjoko/base/deadline.hpp>

namespace samjoko::serve {

class pool_size {
 public:
  pool_size(std::uint32_t least, std::uint32_t most, milliseconds window) noexcept
      : least_(std::max(least, 1u)), most_(maximum(least, most)), window_(window) {}

  /// The maximum that `most` means beside `least`: a pool has a member at least.
  [[nodiscard]] static std::uint32_t maximum(std::uint32_t least, std::uint32_t most) noexcept {
    return std::max({most, least, 1u});
  }

  /// How many members to add now, to a pool with `members` of which `waiting` wait for a client.
  [[nodiscard]] std::uint32_t grow_by(std::uint32_t members, std::uint32_t waiting,
                                      steady::time_point now) const noexcept {
    if (now < next_try_) return 0;
    if (members < least_) return least_ - members;
    if (waiting > 0 || members >= most_) return 0;
    return 1;
  }

  /// Whether the pool cannot grow: it is at its maximum, or there was no room for one more.
  [[nodiscard]] bool is_full(std::uint32_t members) const noexcept {
    return members >= most_ || !has_room();
  }

  /// A member could not be added. Growing is tried again after `pause`.
  void could_not_grow(steady::time_point now, milliseconds pause) noexcept {
    next_try_ = now + pause;
  }
  void has_grown() noexcept { next_try_ = {}; }
  /// When growing that failed is to be tried again; never when it did not fail.
  [[nodiscard]] deadline next_try(steady::time_point now) const noexcept {
    return now < next_try_ ? deadline(next_try_) : deadline::never();
  }

  /// Takes how many members wait right now. Asked often enough, it answers once per window how many
  /// members have been superfluous throughout.
  [[nodiscard]] std::uint32_t shrink_by(std::uint32_t members, std::uint32_t waiting,
                                        steady::time_point now) noexcept {
    lowest_waiting_ = std::min(lowest_waiting_, waiting);
    if (now < window_end_) return 0;
    const bool first = window_end_ == steady::time_point{};
    // One waiting member is no surplus: it takes the next client without a fork or a thread start.
    const auto surplus = lowest_waiting_ > 1 && !first ? lowest_waiting_ - 1 : 0;
    window_end_ = now + window_;
    lowest_waiting_ = waiting;
    return std::min(surplus, members > least_ ? members - least_ : 0);
  }

  /// When to ask shrink_by() again though nothing happens; never while no member could leave.
  [[nodiscard]] deadline next_look(std::uint32_t members) const noexcept {
    return members > least_ ? deadline(window_end_) : deadline::never();
  }

  /// A moment between two questions in which no member waited counts too.
  void saw_none_waiting() noexcept { lowest_waiting_ = 0; }

 private:
  [[nodiscard]] bool has_room() const noexcept { return next_try_ == steady::time_point{}; }

  std::uint32_t least_;
  std::uint32_t most_;
  milliseconds window_;
  std::uint32_t lowest_waiting_ = 0;
  steady::time_point window_end_{};
  steady::time_point next_try_{};
};

}  // namespace samjoko::serve

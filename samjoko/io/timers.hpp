#pragma once
// Charter: the deadlines of pending operations: a coarse wheel, so that setting and dropping a
// deadline costs a few pointer writes however many there are. A deadline never fires early, and at
// most one tick late. A deadline further away than one round of the wheel stays in its slot for
// another round.

#include <array>
#include <bit>
#include <samjoko/io/operation.hpp>

namespace samjoko::io {

/// A doubly linked list of operations through their own pointers.
class operation_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] operation* first() const noexcept { return first_; }
  [[nodiscard]] operation* last() const noexcept { return last_; }
  void append(operation& item) noexcept;
  void remove(operation& item) noexcept;

 private:
  operation* first_ = nullptr;
  operation* last_ = nullptr;
};

class timers {
 public:
  static constexpr std::size_t slots = 512;
  static constexpr steady::duration tick = std::chrono::milliseconds(32);

  /// The moment by which `pending` has to end, from its idle time, allowance and deadline; an
  /// allowance becomes a deadline here, at the first wait. time_point::max() for never.
  [[nodiscard]] static steady::time_point due_of(operation& pending, steady::time_point now,
                                                 steady::duration lag) noexcept;

  /// Files `pending` under its `due`, unless that is never.
  void add(operation& pending) noexcept;
  /// Removes it, if it is in.
  void remove(operation& pending) noexcept;
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  /// Calls `expired` for each operation that is due, after removing it. `expired` must not touch
  /// the timers.
  template <class Expired>
  void expire(steady::time_point now, Expired expired) {
    if (count_ == 0) {
      visited_ = tick_of(now);
      return;
    }
    const auto present = tick_of(now);
    const auto last = present - visited_ >= slots ? visited_ + slots - 1 : present;
    for (auto each = visited_; each <= last; ++each) expire_slot(each % slots, now, expired);
    visited_ = present;
  }

  /// The earliest moment at which expire() has something to look at.
  [[nodiscard]] deadline next() noexcept;

 private:
  using tick_count = std::uint64_t;
  [[nodiscard]] static tick_count tick_of(steady::time_point at) noexcept {
    return static_cast<tick_count>(at.time_since_epoch() / tick);
  }
  template <class Expired>
  void expire_slot(std::size_t slot, steady::time_point now, Expired& expired) {
    for (auto* each = wheel_[slot].first(); each != nullptr;) {
      auto* following = each->next;
      if (each->due <= now) {
        remove(*each);
        expired(*each);
      }
      each = following;
    }
  }

  std::array<operation_list, slots> wheel_;
  static constexpr std::size_t words = slots / 64;
  static_assert(words < 64, "words_ has a bit for each, and one can be shifted away");
  std::array<std::uint64_t, words> occupied_{};
  std::uint64_t words_ = 0;  ///< which of them may have a bit; next() puts right what it meets
  std::size_t count_ = 0;
  tick_count visited_ = 0;
};

}  // namespace samjoko::io

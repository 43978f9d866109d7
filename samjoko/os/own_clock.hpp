#pragma once
// Charter: a process that has no supervisor keeps a time limit by itself.

#include <samjoko/base/deadline.hpp>

namespace samjoko::os {

/// The kernel sends this process `signal` when this time has passed, also SIGKILL, whatever the
/// process does meanwhile (man 2 timer_create). Not inherited by children. Async-signal-safe. False
/// when there is no timer left.
bool signal_oneself_after(int signal, milliseconds time) noexcept;

/// The same, again and again with one timer: a user has few timers. The timer is gone with this
/// process, and a forked child has none.
class own_timer {
 public:
  /// Replaces what it was armed for before. False when there is no timer left.
  bool arm(int signal, milliseconds time) noexcept;

 private:
  static constexpr int none = -1;
  int timer_ = none;
};

}  // namespace samjoko::os

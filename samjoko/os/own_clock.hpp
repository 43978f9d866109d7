#pragma once
// Charter: a process that nobody watches keeps a limit by itself.

#include <samjoko/base/deadline.hpp>

namespace samjoko::os {

/// The kernel sends this process `signal` when so much time has passed, also SIGKILL, whatever the
/// process does meanwhile (man 2 timer_create). Not inherited by children. Async-signal-safe. False
/// when there is no timer left.
bool signal_oneself_after(int signal, milliseconds time) noexcept;

/// The same, again and again by one timer: the kernel has few of them for a user. It is gone with
/// this process, and a forked child has none.
class own_timer {
 public:
  /// In place of what it was armed for before. False when there is no timer left.
  bool arm(int signal, milliseconds time) noexcept;

 private:
  static constexpr int none = -1;
  int timer_ = none;
};

}  // namespace samjoko::os

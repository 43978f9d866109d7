#pragma once
// Charter: a process that nobody watches keeps a limit by itself.

#include <samjoko/base/deadline.hpp>

namespace samjoko::os {

/// The kernel sends this process `signal` when so much time has passed, also SIGKILL, whatever the
/// process does meanwhile (man 2 timer_create). Not inherited by children. Async-signal-safe. False
/// when there is no timer left.
bool signal_oneself_after(int signal, milliseconds time) noexcept;

}  // namespace samjoko::os

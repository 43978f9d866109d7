#pragma once
// Charter: making processes and leaving them. The only place that calls fork(2) and _exit(2).

#include <sys/types.h>

#include <samjoko/base/result.hpp>
#include <string>

namespace samjoko::os {

/// Aborts when this process has a second thread. fork(2) copies only the calling thread; a lock
/// that another thread held (malloc's, for instance) stays locked in the child for ever. One system
/// call: ask once when a forking model starts, not per client. Says nothing where /proc is not
/// mounted.
void check_single_threaded();

struct forked {
  /// In the parent: the child's pid. In the child: 0.
  pid_t pid = 0;
  [[nodiscard]] bool in_child() const noexcept { return pid == 0; }
};

/// What the child starts with. Blocked: until it has installed its own handlers, so that a signal
/// sent to it meanwhile waits instead of killing it; it then calls block_only().
enum class child_mask : bool { empty, blocked };

/// Forks. Every signal is blocked around the fork; the child starts with default dispositions. The
/// child must end by leave_process(): it shares the parent's open files, and running the parent's
/// destructors or flushing its buffers a second time is wrong. Errors: EAGAIN (a limit on
/// processes), ENOMEM.
[[nodiscard]] result<forked> fork_process(child_mask mask = child_mask::empty);

/// The kernel sends this process `signal` when its parent, `parent`, ends; at once when that has
/// ended already (man 2 prctl, PR_SET_PDEATHSIG). For children that must not outlive the process
/// that forked them.
void end_with_parent(int signal, pid_t parent) noexcept;

/// man 3 setenv, for programs started from now on. Not beside other threads.
void set_variable(const char* name, const std::string& value);

/// False once the parent has ended and another process has adopted this one.
[[nodiscard]] bool parent_is(pid_t parent) noexcept;

/// _exit(2): no destructors, no atexit functions, no flushing of inherited buffers.
[[noreturn]] void leave_process(int code) noexcept;

}  // namespace samjoko::os

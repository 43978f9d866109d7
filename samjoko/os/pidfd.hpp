#pragma once
// Charter: a descriptor that stands for one process and never for its successor under the same
// number (man 2 pidfd_open). Readable once the process has ended, reaped or not.

#include <sys/types.h>

#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/exit_status.hpp>

namespace samjoko::os {

/// For a child of ours that is not reaped yet, or any other process that is known to live. Errors:
/// ESRCH (gone), EMFILE, ENOSYS (Linux before 5.3).
[[nodiscard]] result<descriptor> open_pidfd(pid_t pid);

/// man 2 pidfd_send_signal. Errors: ESRCH (it has ended and was reaped), EPERM.
[[nodiscard]] result<void> send_signal(const descriptor& pidfd, int signal);

/// To the process group that a child of ours leads, while the child is not reaped: its number
/// cannot be another process's then. Errors: ESRCH, EPERM.
[[nodiscard]] result<void> send_signal_to_group(const descriptor& leader, pid_t pid, int signal);

/// Whether the group that `leader` led has members. Once it has none its number may be given anew.
[[nodiscard]] bool group_lives(pid_t leader) noexcept;

/// Reaps this one child of ours, if it has ended, and no other; never blocks. None: it has not
/// ended, or a debugger holds it. For processes whose children are not all ours, where os::children
/// must not be used (man 2 waitid, P_PIDFD). Errors: ECHILD: another waiter of this process took
/// the status first, or the kernel kept none because SIGCHLD is ignored (man 2 waitid, NOTES). How
/// the child ended is lost then.
[[nodiscard]] result<std::optional<exit_status>> reap(const descriptor& pidfd);

}  // namespace samjoko::os

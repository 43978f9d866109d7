#pragma once
// Charter: a descriptor that stands for one process and never for its successor under the same
// number (man 2 pidfd_open). Readable once the process has ended, reaped or not.

#include <sys/types.h>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// For a child of ours that is not yet reaped, or any other process that is known to live.
/// Errors: ESRCH (gone), EMFILE, ENOSYS (Linux before 5.3).
[[nodiscard]] result<descriptor> open_pidfd(pid_t pid);

/// man 2 pidfd_send_signal. Errors: ESRCH (it has ended and was reaped), EPERM.
[[nodiscard]] result<void> send_signal(const descriptor& pidfd, int signal);

}  // namespace samjoko::os

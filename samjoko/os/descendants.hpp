#pragma once
// Charter: all that a program has started, in whatever group or session: its children, theirs, and
// so on, as long as their parents live. A process that has lost its parent is an orphan
// (os/subreaper.hpp).

#include <sys/types.h>

#include <span>
#include <vector>

namespace samjoko::os {

/// The descendants of a process that is not reaped yet, by /proc/PID/task/TID/children (man 5
/// proc), parents before children; at most 4,096. A process that begins or ends meanwhile may be
/// missing. Empty where the kernel does not say.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t ancestor);

/// Sends each descendant these signals, one after the other, except the members of `spared_group`
/// (0: none). Returns the processes that got them. A signal goes only to a process whose parent
/// still belongs to the family, because its number may have been given to another process.
std::vector<pid_t> signal_descendants(pid_t ancestor, std::span<const int> signals,
                                      pid_t spared_group);

}  // namespace samjoko::os

#pragma once
// Charter: all that a program has started, in whatever group or session: its children, theirs, and
// so on, as long as their parents live. Whoever has lost its parent is an orphan (os/orphans.hpp).

#include <sys/types.h>

#include <span>
#include <vector>

namespace samjoko::os {

/// Of a process that is not reaped yet, by /proc/PID/task/TID/children (man 5 proc), parents before
/// children; at most 4,096. What begins or ends meanwhile may be missing. Empty where the kernel
/// does not say.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t ancestor);

/// Sends each of them these signals, one after the other, but for the members of `spared_group` (0:
/// none); those that got them. Only to processes whose parent is one of the family still: a number
/// may be given to another.
std::vector<pid_t> signal_descendants(pid_t ancestor, std::span<const int> signals,
                                      pid_t spared_group);

}  // namespace samjoko::os

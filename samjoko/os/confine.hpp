#pragma once
// Charter: a process that reads files which cannot be trusted gives up all that it does not need.

#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

/// Confines this process for good: no more than `memory` bytes of address space beyond what it has,
/// `time` of processor, no file written, no process started, no core dump, no privilege gained by
/// exec (man 2 setrlimit, prctl PR_SET_NO_NEW_PRIVS). Where the kernel has Landlock the process
/// opens only the files that `maps`, lines as of /proc/self/maps, names, and what is below
/// /usr/lib/debug. Where the kernel has seccomp filters, system calls that do not read or manage
/// its own memory fail with EPERM: no descriptor for writing, no socket, no signal, no new code.
/// False when a limit is refused, or when what the kernel has could not be used.
[[nodiscard]] bool confine_to_reading(std::string_view maps, std::uint64_t memory,
                                      milliseconds time);

/// Which of these means this kernel has, for people: "a seccomp filter and Landlock 3".
[[nodiscard]] std::string confinement_here();

}  // namespace samjoko::os

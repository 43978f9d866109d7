#pragma once
// Charter: how often the kernel's out-of-memory killer struck in a cgroup: where the counter is and
// what it says, in both layouts. Version 2: memory.events.local, version 1: memory.oom_control;
// both have a line "oom_kill N", which the kernel counts in the cgroup of the killed process,
// whosever limit was reached (kernel documentation, cgroup-v2, Memory Interface Files).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::postmortem {

/// The file with the counter, found in the texts of /proc/PID/cgroup (man 7 cgroups) and
/// /proc/self/mountinfo (man 5 proc); empty where no memory controller is mounted.
[[nodiscard]] std::string oom_counter_file(std::string_view cgroups, std::string_view mounts);
/// The counter in the text of such a file; nothing when it has no such line.
[[nodiscard]] std::optional<std::uint64_t> oom_kills_in(std::string_view text) noexcept;

/// The counter file of a living process; empty when it cannot be found out.
[[nodiscard]] std::string oom_counter_file(pid_t process);
[[nodiscard]] std::optional<std::uint64_t> read_oom_kills(const std::string& file);

}  // namespace samjoko::postmortem

#pragma once
// Charter: what /proc says about a process: its state and its parent (man 5 proc, /proc/pid/stat).

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace samjoko::os {

struct process_facts {
  char state = '?';  ///< R runs, S sleeps, T stopped, t traced, Z zombie
  pid_t parent = 0;

  /// By a signal or by a debugger.
  [[nodiscard]] bool is_stopped() const noexcept { return state == 'T' || state == 't'; }
};

/// Out of the text of /proc/PID/stat, whose second field may contain anything.
[[nodiscard]] std::optional<process_facts> process_facts_in(std::string_view stat) noexcept;
/// Nothing when it is gone, or where /proc is not mounted.
[[nodiscard]] std::optional<process_facts> facts_of_process(pid_t process);

}  // namespace samjoko::os

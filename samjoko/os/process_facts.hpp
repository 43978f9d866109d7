#pragma once
// Charter: what /proc says about a process (man 5 proc): its state and its parent, the program it
// runs, and the environment that program began with.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace samjoko::os {

struct process_facts {
  char state = '?';  ///< R runs, S sleeps, T stopped, t traced, Z zombie
  pid_t parent = 0;

  /// Stopped by a signal or by a debugger.
  [[nodiscard]] bool is_stopped() const noexcept { return state == 'T' || state == 't'; }
};

/// Read from the text of /proc/PID/stat, whose second field may contain anything.
[[nodiscard]] std::optional<process_facts> process_facts_in(std::string_view stat) noexcept;
/// Nothing when the process is gone, or where /proc is not mounted.
[[nodiscard]] std::optional<process_facts> facts_of_process(pid_t process);

/// What kind of program an adopted process runs.
enum class runs_what : std::uint8_t { nothing, this_program, another };
/// Nothing: the process is gone or a zombie. Where the kernel does not say, it is another program.
[[nodiscard]] runs_what program_of_process(pid_t process);

/// A variable of the environment that its program was started with (man 5 proc, /proc/pid/environ);
/// empty when there is none or the kernel does not say.
[[nodiscard]] std::string variable_of_process(pid_t process, std::string_view name);

}  // namespace samjoko::os

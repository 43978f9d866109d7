#pragma once
// Charter: what ps and top show of a process: its arguments' own memory is written over, and never
// a byte beyond it (the environment begins there). Only in a program that has allowed it: a user of
// the library may still read argv.

#include <string_view>

namespace samjoko::os {

/// From now on set_title() may write over argv. `program` begins each title. Call it before other
/// threads and forks, when no code reads argv any more. Where the kernel does not say where the
/// arguments are, nothing is ever written.
void give_arguments_away(std::string_view program) noexcept;

/// "samjoko: worker 2 (multiplex)", cut to the room that the arguments had. `name` is the short
/// name (man 2 prctl, PR_SET_NAME; at most 15 bytes); empty: it is left as it is. A fork inherits
/// both: a page is written once for each worker, and none for a client.
void set_title(std::string_view title, std::string_view name) noexcept;

}  // namespace samjoko::os

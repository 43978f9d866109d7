#pragma once
// Charter: ways to die, each in a function whose name a test looks for on the stack.

#include <string_view>

namespace samjoko::victims {

/// Dies in the way of that name; false when there is no such way, or the process survived it.
/// Writes "r" to descriptor `say` when it is ready, and goes on when `hear` ends or can be read
/// (-1: neither).
bool die(std::string_view way, int say, int hear);

}  // namespace samjoko::victims

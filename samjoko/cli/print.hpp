#pragma once
// Charter: prints the answer to a command line: to standard output when it was asked for, to
// standard error when the command line was wrong. When standard output does not take it all, that
// is an error of its own.

#include <samjoko/cli/options.hpp>
#include <string_view>

namespace samjoko::cli {

/// Returns the exit code.
[[nodiscard]] int print(std::string_view program, const command& answered);
/// Prints to standard output. Returns 0, or exit_not_written with a line on standard error.
[[nodiscard]] int print_answer(std::string_view program, std::string_view text);

}  // namespace samjoko::cli

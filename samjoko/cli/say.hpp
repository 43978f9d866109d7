#pragma once
// Charter: says what a command line was answered: to standard output when it asked for it, to
// standard error when it was wrong. What standard output does not take is an error of its own.

#include <samjoko/cli/options.hpp>
#include <string_view>

namespace samjoko::cli {

/// Answers the exit code.
[[nodiscard]] int say(std::string_view program, const command& answered);
/// To standard output: 0, or exit_not_written with a line on standard error.
[[nodiscard]] int print_answer(std::string_view program, std::string_view text);

}  // namespace samjoko::cli

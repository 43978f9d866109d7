#pragma once
// Charter: says what a command line was answered: to standard output when it asked for it, to
// standard error when it was wrong.

#include <samjoko/cli/options.hpp>

namespace samjoko::cli {

/// Answers the exit code.
int say(const command& answered);

}  // namespace samjoko::cli

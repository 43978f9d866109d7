#pragma once
// Charter: what `help` says around the list of options.

#include <samjoko/cli/options.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

/// How the program is called, and what it serves. `own`: it has one service of its own.
[[nodiscard]] std::string help_head(const std::string& program,
                                    const std::vector<service_entry>& services, bool own);
/// An example, and the signals.
[[nodiscard]] std::string help_foot(const std::string& program, bool own);

}  // namespace samjoko::cli

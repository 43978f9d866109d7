#pragma once
// Charter: what `help` prints, made from the tables of commands, services and options.

#include <samjoko/cli/options.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

/// `own`: the program has one service of its own.
[[nodiscard]] std::string help_text(const std::string& program,
                                    const std::vector<service_entry>& services, bool own);

}  // namespace samjoko::cli

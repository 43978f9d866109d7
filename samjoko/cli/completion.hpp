#pragma once
// Charter: scripts by which a shell completes the words of this program, made from the tables of
// commands, services and options.

#include <samjoko/cli/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// `shell`: bash, zsh or fish; empty for another. `program`: the name that users type. `own`: it
/// has one service of its own.
[[nodiscard]] std::string completion_for(std::string_view shell, const std::string& program,
                                         const std::vector<service_entry>& services, bool own);

}  // namespace samjoko::cli

#pragma once
// Charter: the words of a command line, taken apart: the command, its arguments, and the settings
// about options, not yet parsed.

#include <expected>
#include <samjoko/cli/setting.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

struct spoken {
  std::string command;
  std::vector<std::string> words;  ///< that are no options
  std::vector<setting> flags;
};

/// Or what to print instead: help, when it was asked for, or the mistake.
[[nodiscard]] std::expected<spoken, command> take_apart(int argc, char** argv,
                                                        const std::vector<service_entry>& services,
                                                        bool own);

/// The program as it was called, without its folder.
[[nodiscard]] std::string program_name(int argc, char** argv);
/// A mistake in one line, with the way to help, and the exit code for it.
[[nodiscard]] command mistake(const std::string& program, const std::string& what);

}  // namespace samjoko::cli

#pragma once
// Charter: the table of commands, as data: for the command line, help, the man page and the
// completion of shells.

#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

struct command_entry {
  std::string_view name;
  std::string_view usage{};      ///< the words behind it, except the options of the table
  std::string_view own_usage{};  ///< the same for a program with one service of its own
  std::string_view summary{};
  std::string_view own_summary{};  ///< where it is another one for such a program
  /// The command takes the options of the table (option.hpp).
  bool takes_options = false;
};

/// In the order of help.
[[nodiscard]] const std::vector<command_entry>& all_commands();
[[nodiscard]] std::string_view usage_of(const command_entry& which, bool own);
[[nodiscard]] std::string_view summary_of(const command_entry& which, bool own);
/// "serve, version or help"
[[nodiscard]] std::string names_of_commands();
/// For a word that is no command: the one that was probably meant, or all of them.
[[nodiscard]] std::string unknown_command(std::string_view word);

}  // namespace samjoko::cli

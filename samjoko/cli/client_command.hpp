#pragma once
// Charter: the commands that ask a running server: status, scale, stop, reset-failed, deaths and
// reopen-logs. What they print comes from the server (operate/request.hpp).

#include <optional>
#include <samjoko/operate/request.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

struct client_command {
  operate::request asked;
  std::string control;  ///< of the server; empty: the only one there is
  bool wait = false;    ///< stop: until the server has ended
};

/// "status", "scale" …: whether the word is such a command.
[[nodiscard]] bool is_client_command(std::string_view word);
/// `words` begin with the command. condition::bad_argument, with a sentence for the user.
[[nodiscard]] result<client_command> parse_client_command(const std::vector<std::string>& words);

/// Runs the command that the command line of a program begins with, if it is one of these. Returns
/// its exit code: 0 done; 2 wrong usage; 3 no server, or it refused.
[[nodiscard]] std::optional<int> run_client_command(int argc, char** argv);

/// The text for `help`.
[[nodiscard]] std::string client_command_help(const std::string& program);

}  // namespace samjoko::cli

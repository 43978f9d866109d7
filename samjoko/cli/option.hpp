#pragma once
// Charter: the table of options: every option of the program once, as data. The command line, the
// keys of the TOML file, the variables of the environment, help, the man pages and the completion
// of shells are made from it. To add an option, add a row to service_options.cpp (of each service)
// or program_options.cpp (of the whole program), and its target to serve_options.

#include <cstdint>
#include <functional>
#include <samjoko/base/result.hpp>
#include <samjoko/cli/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// Which services an option applies_to; it is an error to set it for another service. Each has a
/// row in applies_to.cpp.
enum class applies_to : std::uint8_t {
  all,
  model_choice,  ///< listeners that make no choice; so are the next two
  spawn_choice,
  workers_choice,
  pools,
  process_pools,
  threads,
  unix_sockets,
  http,
  lists,
  programs,
  connecting,
  hub,
  chats,
  own_bytes,  ///< services that read and write by themselves
};

enum class extent : std::uint8_t {
  service,  ///< each service of a program may have its own value
  program,
};

/// Parses a text into its target; the error is for the user who wrote the text. No other side
/// effects, so that a text can be tried on options that are thrown away.
using taker = std::function<result<void>(std::string_view text, serve_options& to)>;

struct option {
  /// The same everywhere: `--idle-timeout`, `idle-timeout = "10s"`, SAMJOKO_IDLE_TIMEOUT.
  std::string_view name{};
  /// The kind of value in help: TIME, SIZE, N, FILE … Empty: a switch, true or false.
  std::string_view kind{};
  /// The default, as a user would write it: a test takes it and compares. Empty: there is none.
  std::string_view standard{};
  /// One line. Help, the man page and other users of the row add the default.
  std::string_view help{};
  applies_to audience = applies_to::all;
  extent holds_for = extent::service;
  char letter = 0;       ///< `-l`
  bool repeats = false;  ///< may be given several times; all of them count
  /// The default in words, where it cannot be written.
  std::string_view standard_words{};
  /// The option that this one needs: alone it is an error.
  std::string_view needs{};
  /// All possible values, for the completion of shells; empty: there are others.
  std::vector<std::string_view> choices{};
  taker take{};
  /// The option's heading in help; filled in from its group.
  std::string_view heading{};
};

struct option_group {
  std::string_view heading;
  std::vector<option> rows;
};
[[nodiscard]] std::vector<option_group> service_options();
[[nodiscard]] std::vector<option_group> program_options();

/// All options, in the order of help. Made once; references into it stay valid.
[[nodiscard]] const std::vector<option>& all_options();
/// Null: there is none.
[[nodiscard]] const option* find_option(std::string_view name);
/// "SAMJOKO_IDLE_TIMEOUT"
[[nodiscard]] std::string variable_of(const option& which);
/// "60s", "standard error"; empty when there is nothing to say.
[[nodiscard]] std::string_view default_of(const option& which);
[[nodiscard]] inline bool is_switch(const option& which) { return which.kind.empty(); }

/// Whether that service can be served so that the option would concern it. If not, the option is
/// left out of its help.
[[nodiscard]] bool can_concern(const option& which, const service_entry& entry);
/// Whether it can concern one of them.
[[nodiscard]] bool can_concern_any(const option& which, const std::vector<service_entry>& services);

/// Why the option would change nothing about this service, which is entered as `entry`; empty when
/// it would. In words of the command line, to stand behind the option's name.
[[nodiscard]] std::string why_ignored(const option& which, const serve_options& service,
                                      const service_entry& entry);

}  // namespace samjoko::cli

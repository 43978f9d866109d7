#pragma once
// Charter: the table of options: every option of the program once, as data. From it come the
// command line, the keys of the TOML file, the variables of the environment, help, the man pages
// and the completion of shells. To add an option, add a row to service_options.cpp (of each
// service) or program_options.cpp (of the whole program), and its target to serve_options.

#include <cstdint>
#include <functional>
#include <samjoko/base/result.hpp>
#include <samjoko/cli/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// Whom an option concerns; said for a service that it does not concern it is an error. Each has a
/// row in concerns.cpp.
enum class concerns : std::uint8_t {
  all,
  model_choice,  ///< of those listeners that do not choose for themselves; so the next two
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
  own_bytes,  ///< services that read and write themselves
};

enum class extent : std::uint8_t {
  service,  ///< each service of a program may have its own value
  program,
};

/// Parses a text into its target; the error is for the person who wrote it. Without side effects
/// beyond that, so that a text can be tried on options that are thrown away.
using taker = std::function<result<void>(std::string_view text, serve_options& to)>;

struct option {
  /// Everywhere: `--idle-timeout`, `idle-timeout = "10s"`, SAMJOKO_IDLE_TIMEOUT.
  std::string_view name{};
  /// What is written behind it: TIME, SIZE, N, FILE … Empty: a switch, true or false.
  std::string_view kind{};
  /// The default, as one would write it: a test takes it and compares. Empty: there is none.
  std::string_view standard{};
  /// One line; the default is added by whoever shows it.
  std::string_view help{};
  concerns whom = concerns::all;
  extent holds_for = extent::service;
  char letter = 0;       ///< `-l`
  bool repeats = false;  ///< may be said several times; all of them count
  /// The default in words, where it cannot be written.
  std::string_view standard_words{};
  /// Another option, without which this one is an error.
  std::string_view needs{};
  /// All values that there are, for the completion of shells; empty: there are others.
  std::vector<std::string_view> choices{};
  taker take{};
  /// The heading that it stands under in help; filled in from its group.
  std::string_view heading{};
};

struct option_group {
  std::string_view heading;
  std::vector<option> rows;
};
[[nodiscard]] std::vector<option_group> service_options();
[[nodiscard]] std::vector<option_group> program_options();

/// All of them, in the order of help. Made once; references into it stay good.
[[nodiscard]] const std::vector<option>& all_options();
/// Null: there is none.
[[nodiscard]] const option* find_option(std::string_view name);
/// "SAMJOKO_IDLE_TIMEOUT"
[[nodiscard]] std::string variable_of(const option& which);
/// "60s", "standard error"; empty when there is nothing to say.
[[nodiscard]] std::string_view default_of(const option& which);
[[nodiscard]] inline bool is_switch(const option& which) { return which.kind.empty(); }

/// Whether there is a way to serve that service so that the option would concern it: others are not
/// in its help.
[[nodiscard]] bool can_concern(const option& which, const service_entry& entry);
/// One of them.
[[nodiscard]] bool can_concern_any(const option& which, const std::vector<service_entry>& services);

/// Why the option would change nothing about this service, which is entered as `entry`; empty when
/// it would. In words of the command line, to stand behind the option's name.
[[nodiscard]] std::string why_ignored(const option& which, const serve_options& service,
                                      const service_entry& entry);

}  // namespace samjoko::cli

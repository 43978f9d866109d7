#pragma once
// Charter: what was asked for, on the command line, in the environment and in a file, checked. Only
// that file is opened here.

#include <cstdint>
#include <optional>
#include <samjoko/cli/operating_options.hpp>
#include <samjoko/cli/placement.hpp>
#include <samjoko/hub/limits.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/serve/placement_limits.hpp>
#include <samjoko/supervise/plan_settings.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

/// Exit codes of the program.
inline constexpr int exit_not_written = 1;  ///< what was asked for; standard output is full, closed
inline constexpr int exit_usage = 2;
inline constexpr int exit_could_not_start = 3;

/// Limits on HTTP, for the services that speak it. 0 or empty: the built-in default.
struct http_settings {
  bool identify = false;
  bool list = false;
  std::uint32_t listing_max = 100'000;
  std::uint32_t max_head = 16 * 1024;
  std::uint32_t max_target = 8 * 1024;
  std::uint32_t max_headers = 100;
  std::uint64_t max_body = 64 * 1024;
  milliseconds head_timeout{20'000};
  milliseconds body_timeout{30'000};

  friend bool operator==(const http_settings&, const http_settings&) noexcept = default;
};

/// One service and how it is served. Options of the whole program (the rows of program_options.cpp)
/// are the same in each of its services.
struct serve_options {
  std::string service;                 ///< what is served, as catalog.hpp knows it
  std::string name;                    ///< for people, in the log; empty: as the service
  std::vector<std::string> arguments;  ///< of the service
  std::vector<listener_options> listen;
  placement_choice placed;  ///< for a listener without a choice of its own
  serve_limits limits;
  http_settings http;
  std::string hub_space;             ///< empty: as the title
  std::uint32_t chat_rate = 20;      ///< lines a second of one sender; 0: any
  std::uint32_t max_children = 100;  ///< for a service that runs programs
  hub::limits hub;
  milliseconds stop_timeout{30'000};
  /// A thread that runs a handler for so long without awaiting anything is stuck. 0: never.
  milliseconds stuck_timeout{60'000};
  /// When a worker that failed is started again; wire.cpp adds the groups and the drain limit.
  supervise::plan_settings restarts;
  /// How many deaths of one kind are logged one by one in a burst, before they are summed up. 0:
  /// all.
  std::uint32_t deaths_in_full = 10;
  /// How often the host's name that connections go to is looked up again.
  milliseconds resolve_every{30'000};
  int backlog = 4096;
  std::optional<unsigned> unix_mode;
  std::optional<std::string> unix_owner;
  std::string config_file;  ///< the one that was read; empty: none
  std::string log_file;     ///< empty: standard error
  std::string log_level = "info";
  std::string user;  ///< empty: keep the present user
  std::string group;
  operating_options operate;

  [[nodiscard]] const std::string& title() const noexcept { return name.empty() ? service : name; }
};

/// A service that the program can serve: for the list of services, and for option checks.
struct service_entry {
  std::string name;
  std::string usage;  ///< of its arguments, such as "DIR"
  std::string summary;
  bool speaks_http = false;
  bool lists_directories = false;
  bool uses_hub = false;
  /// Its clients send messages to each other.
  bool chats = false;
  /// It connects to an address, which may be a host's name.
  bool connects = false;
  /// All clients are in one process; more workers and the process models are refused.
  bool one_process = false;
  /// The service's own limits, below what is set; nothing: the built-in ones.
  std::optional<http_settings> http{};
  /// It gives clients to programs: no byte of theirs is read or written here.
  bool runs_program = false;
  /// Checks name and number of the arguments, and their values; opens nothing. May be empty.
  result<void> (*check)(const serve_options&) = nullptr;
};

/// What to do: serve, or print a text and leave.
struct command {
  std::vector<serve_options> serve;  ///< the services of the program; empty: print
  std::string print;
  int exit_code = 0;
};

/// `own`: a program with one service of its own; `services` has that one only then. `environment`:
/// that of main's process (man 7 environ); null: none.
[[nodiscard]] command parse_command_line(int argc, char** argv,
                                         const std::vector<service_entry>& services, bool own,
                                         char** environment = nullptr);

}  // namespace samjoko::cli

#pragma once
// Charter: what was asked for on the command line, checked. Nothing is opened here.

#include <cstdint>
#include <optional>
#include <samjoko/cli/placement.hpp>
#include <samjoko/hub/limits.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/serve/model.hpp>
#include <string>
#include <vector>

namespace samjoko::cli {

/// Exit codes of the program.
inline constexpr int exit_usage = 2;
inline constexpr int exit_could_not_start = 3;

/// Limits on HTTP, for the services that speak it. 0 or empty: the built-in default.
struct http_settings {
  bool identify = false;
  bool list = false;
  std::uint32_t max_head = 16 * 1024;
  std::uint32_t max_target = 8 * 1024;
  std::uint32_t max_headers = 100;
  std::uint64_t max_body = 64 * 1024;
  milliseconds head_timeout{20'000};
  milliseconds body_timeout{30'000};
};

struct serve_options {
  std::string service;
  std::vector<std::string> arguments;  ///< of the service
  std::vector<listener_options> listen;
  placement_choice placed;  ///< where a listener says nothing of its own
  serve_limits limits;
  http_settings http;
  hub::limits hub;
  milliseconds stop_timeout{30'000};
  int backlog = 4096;
  std::optional<unsigned> unix_mode;
  std::optional<std::string> unix_owner;
  std::string log_file;  ///< empty: standard error
  std::string log_level = "info";
  std::string user;  ///< empty: stay who we are
  std::string group;
};

/// What the program can serve: for the list of services, and to know which options concern whom.
struct service_entry {
  std::string name;
  std::string usage;  ///< of its arguments, such as "DIR"
  std::string summary;
  bool speaks_http = false;
  bool lists_directories = false;
  bool uses_hub = false;
};

/// What is to be done: serve, or print a text and leave.
struct command {
  std::optional<serve_options> serve;
  std::string print;
  int exit_code = 0;
};

/// `own`: a program with one service of its own; `services` has that one only then.
[[nodiscard]] command parse_command_line(int argc, char** argv,
                                         const std::vector<service_entry>& services, bool own);

}  // namespace samjoko::cli

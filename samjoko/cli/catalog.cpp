#include <samjoko/cli/catalog.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/http_settings.hpp>
#include <samjoko/services/chat.hpp>
#include <samjoko/services/echo.hpp>
#include <samjoko/services/exec.hpp>
#include <samjoko/services/files.hpp>
#include <samjoko/services/hello.hpp>
#include <samjoko/services/relay.hpp>

namespace samjoko::cli {
namespace {

result<service> make_echo(const serve_options&) { return services::echo(); }

/// A line has room for the longest message, and for the command and the name before it.
result<service> make_chat(const serve_options& options) {
  constexpr std::size_t longest_command = 16;
  const auto line = options.hub.message_size + options.hub.name_length + longest_command;
  const std::size_t least = services::chat_options().line_limit;
  return services::chat(
      {.line_limit = std::max(line, least), .lines_per_second = options.chat_rate});
}

result<void> check_relay(const serve_options& options) {
  const auto& text = options.arguments.front();
  const auto no_port = failure(condition::bad_argument, "relay",
                               text + " has port 0, where nothing can listen: write the port");
  if (os::host_name::is_meant(text)) {
    const auto host = os::host_name::parse(text);
    if (!host) return std::unexpected(host.error());
    if (host->port == 0) return no_port;
    return {};
  }
  const auto to = os::address::parse(text);
  if (!to) return std::unexpected(to.error());
  if (to->inherited() < 0 && !to->is_unix() && to->port() == 0) return no_port;
  if (to->inherited() < 0) return {};
  return failure(condition::bad_argument, "relay",
                 "relay cannot go to the descriptor " + to->text() + ": write an address");
}

result<service> make_relay(const serve_options& options) {
  const auto& text = options.arguments.front();
  if (!os::host_name::is_meant(text))
    return services::relay({.to = destination(*os::address::parse(text))});
  auto host = os::host_name::parse(text);
  if (!host) return failure_of(host);
  auto to = destination::make(std::move(*host), options.resolve_every);
  if (!to) return failure_of(to);
  return services::relay({.to = std::move(*to)});
}

result<void> check_http(const serve_options& options) {
  return web::check_options(http_options_of(options.http));
}

result<service> make_hello(const serve_options& options) {
  return services::make_hello(http_options_of(options.http));
}

result<service> make_files(const serve_options& options) {
  return services::make_files({.directory = options.arguments.front(),
                               .list = options.http.list,
                               .listing = {.entries = options.http.listing_max},
                               .http = http_options_of(options.http)});
}

result<void> check_exec(const serve_options& options) {
  if (!options.arguments.empty()) return {};
  return failure(condition::bad_argument, "exec", "exec needs a program: write exec -- PROGRAM");
}

result<service> make_exec(const serve_options& options) {
  return services::make_exec({.words = options.arguments});
}

std::string given_text(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return "nothing is";
  return fmt::format("'{}' {}", fmt::join(arguments, "' '"), arguments.size() == 1 ? "is" : "are");
}

constexpr std::size_t any_number = SIZE_MAX;

struct maker {
  service_entry entry;
  std::size_t arguments;
  result<service> (*make)(const serve_options&);
  /// Checks what `make` relies on, as far as that is possible without opening anything; null:
  /// nothing.
  result<void> (*check)(const serve_options&) = nullptr;
};

const std::vector<maker>& makers() {
  static const std::vector<maker> all{
      {{.name = "echo", .usage = "", .summary = "sends back what it receives"}, 0, make_echo},
      {{.name = "chat",
        .usage = "",
        .summary = "rooms, names and private words, a line each",
        .uses_hub = true,
        .chats = true},
       0,
       make_chat},
      {{.name = "relay",
        .usage = "ADDRESS",
        .summary = "passes bytes to and from another server",
        .connects = true},
       1,
       make_relay,
       check_relay},
      {{.name = "files",
        .usage = "DIR",
        .summary = "serves a directory over HTTP",
        .speaks_http = true,
        .lists_directories = true},
       1,
       make_files,
       check_http},
      {{.name = "hello",
        .usage = "",
        .summary = "answers every request with Hello, World!",
        .speaks_http = true},
       0,
       make_hello,
       check_http},
      {{.name = "exec",
        .usage = "-- PROGRAM [ARGS]",
        .summary = "runs a program for each client",
        .runs_program = true},
       any_number,
       make_exec,
       check_exec},
  };
  return all;
}

const maker* find_maker(const std::string& name) {
  for (const auto& each : makers()) {
    if (each.entry.name == name) return &each;
  }
  return nullptr;
}

result<void> check_service(const serve_options& options) {
  const auto* known = find_maker(options.service);
  if (known == nullptr) return failure(ENOENT, "service", options.service);
  if (known->arguments != any_number && options.arguments.size() != known->arguments) {
    const auto wanted =
        known->arguments == 0 ? "no argument" : "one argument, " + known->entry.usage;
    return failure(condition::bad_argument, "arguments",
                   fmt::format("{} takes {}, and {} given", options.service, wanted,
                               given_text(options.arguments)));
  }
  return known->check == nullptr ? result<void>() : known->check(options);
}

}  // namespace

const std::vector<service_entry>& catalog() {
  static const auto entries = [] {
    std::vector<service_entry> list;
    for (const auto& each : makers()) {
      list.push_back(each.entry);
      list.back().check = check_service;
    }
    return list;
  }();
  return entries;
}

result<service> make_service(const serve_options& options) {
  if (auto checked = check_service(options); !checked) return failure_of(checked);
  return find_maker(options.service)->make(options);
}

}  // namespace samjoko::cli

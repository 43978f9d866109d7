// The only file that includes CLI11.
#include <samjoko/cli/options.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include <samjoko/cli/help.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/version.hpp>
#include <samjoko/web/http_options.hpp>

namespace samjoko::cli {
namespace {

/// Whom an option concerns; given for a choice that it does not concern it is an error.
enum class concerns : std::uint8_t {
  all,
  pools,
  process_pools,
  threads,
  unix_sockets,
  http,
  lists,
  hub
};

struct declared {
  CLI::Option* option;
  concerns whom;
};

template <class Value, class Parser>
CLI::callback_t into(std::string name, Value& target, Parser parser) {
  return [name = std::move(name), &target, parser](const CLI::results_t& given) {
    for (const auto& text : given) {
      auto parsed = parser(text);
      if (!parsed) throw CLI::ValidationError(name + ": " + in_words(parsed.error()));
      if constexpr (requires { target.push_back(*parsed); }) {
        target.push_back(*parsed);
      } else {
        target = static_cast<Value>(*parsed);
      }
    }
    return true;
  };
}

/// A parser of sizes for parse_size() that keeps to a range, and says why it is one.
auto size_between(std::uint64_t least, std::uint64_t most, const char* why) {
  return [=](std::string_view text) -> result<std::uint64_t> {
    auto parsed = parse_size(text);
    if (!parsed || (*parsed >= least && *parsed <= most)) return parsed;
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' is not from {} to {} bytes: {}", text, least, most, why));
  };
}

auto count_between(std::uint64_t least, std::uint64_t most) {
  return [=](std::string_view text) { return parse_count(text, least, most); };
}

class serve_parser {
 public:
  serve_parser(CLI::App& app, const std::vector<service_entry>& services, bool own)
      : app_(app), services_(services) {
    if (own) {
      options_.service = services.front().name;
    } else {
      app.add_option("SERVICE", options_.service, "what to serve");
    }
    app.add_option("ARGS", options_.arguments, "arguments of the service");
    declare_placement();
    declare_sockets();
    declare_limits();
    declare_http();
    declare_hub();
    declare_process();
  }

  /// What CLI11 cannot say: unknown names, and options that no group of workers would heed.
  void finish() {
    const auto entry = std::ranges::find(services_, options_.service, &service_entry::name);
    if (entry == services_.end()) throw CLI::ValidationError(unknown_service());
    if (options_.listen.empty()) options_.listen.push_back(default_listener());
    if (auto checked = check_listeners(options_.listen, options_.placed); !checked)
      throw CLI::ValidationError(in_words(checked.error()));
    if (options_.limits.pool_min > options_.limits.pool_max)
      throw CLI::ValidationError("--pool-min is above --pool-max");
    for (const auto& each : declared_) {
      if (each.option->count() != 0) check_concern(each, *entry);
    }
  }

  [[nodiscard]] serve_options take() { return std::move(options_); }

 private:
  template <class Value, class Parser>
  CLI::Option* add(const char* name, const char* kind, Value& target, Parser parser,
                   const char* help, concerns whom = concerns::all) {
    const std::string_view names(name);
    auto* option = app_.add_option(
        name, into(std::string(names.substr(0, names.find(','))), target, parser), help);
    option->multi_option_policy(CLI::MultiOptionPolicy::Throw)->type_size(1)->type_name(kind);
    option->group(group_);
    declared_.push_back({option, whom});
    return option;
  }
  CLI::Option* add_count(const char* name, std::uint32_t& target, std::uint32_t least,
                         const char* help, concerns whom = concerns::all,
                         std::uint32_t most = 1'000'000) {
    return add(name, "N", target, count_between(least, most), help, whom);
  }

  void declare_placement() {
    group_ = "Who serves a client";
    auto& said = options_.placed;
    add("--model", "MODEL", said.model, parse_model, "process, thread or multiplex (default)");
    add("--spawn", "SPAWN", said.spawn, parse_spawn,
        "each: one for each client; pool (default); of processes or threads");
    add("--workers", "N", said.workers, parse_workers,
        "worker processes (default: cores for multiplex, else 1)");
    auto& limits = options_.limits;
    add_count("--pool-min", limits.pool_min, 1, "members kept ready (4)", concerns::pools);
    add_count("--pool-max", limits.pool_max, 1, "members at most (256)", concerns::pools);
    add("--pool-idle", "TIME", limits.pool_idle, parse_time, "surplus members leave after (10s)",
        concerns::pools);
    add("--recycle-after", "N", limits.recycle_after, count_between(0, 1'000'000'000),
        "a pool process leaves after so many clients (0: never)", concerns::process_pools);
    add("--stack-size", "SIZE", limits.stack_size,
        size_between(64 << 10, 1 << 30, "what serves a client needs some 20k of it"),
        "stack of a thread (256k)", concerns::threads);
  }

  void declare_sockets() {
    group_ = "Where";
    auto* listen = add("--listen,-l", "ADDRESS", options_.listen, parse_listener,
                       "127.0.0.1:7000 (default), [::1]:7000, :7000, unix:/path, fd:3;\n"
                       "may be repeated; ,model=MODEL ,spawn=SPAWN ,workers=N\n"
                       "behind it hold for this listener alone");
    listen->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false);
    add("--backlog", "N", options_.backlog, count_between(1, 65535),
        "clients waiting in the kernel (4096)");
    add("--unix-mode", "MODE", options_.unix_mode, parse_mode,
        "permission bits of a unix socket, such as 660", concerns::unix_sockets);
    add("--unix-owner", "OWNER", options_.unix_owner, parse_text,
        "of a unix socket: USER, USER:GROUP or :GROUP", concerns::unix_sockets);
  }

  void declare_limits() {
    group_ = "Limits";
    auto& limits = options_.limits;
    add_count("--max-connections", limits.max_connections, 1, "open at once in all workers");
    add_count("--max-connections-per-peer", limits.max_connections_per_peer, 1,
              "of them, from one IPv4 address or IPv6 /64");
    add("--idle-timeout", "TIME", limits.connection.idle, parse_time,
        "silence of a client (60s; 0: for ever)");
    add("--write-timeout", "TIME", limits.connection.write_idle, parse_time,
        "a client that takes nothing (30s)");
    add("--min-write-rate", "SIZE", limits.connection.minimum_write_rate, parse_size,
        "bytes per second a client must take (512; 0: any)");
    add("--write-grace", "TIME", limits.connection.write_grace, parse_time,
        "before that rate counts (10s)");
    add("--stop-timeout", "TIME", options_.stop_timeout, parse_time,
        "to finish clients in when stopped (30s)");
  }

  void declare_http() {
    group_ = "Services that speak HTTP";
    auto& http = options_.http;
    auto flag = [this](const char* name, bool& target, const char* help, concerns whom) {
      declared_.push_back({app_.add_flag(name, target, help)->group(group_), whom});
    };
    flag("--identify", http.identify, "add X-Served-By: PID/TID/MODEL", concerns::http);
    flag("--list", http.list, "show directories without an index.html", concerns::lists);
    constexpr auto block = web::most_head_size;
    add("--max-head", "SIZE", http.max_head,
        size_between(web::least_head_size, block, "a head is parsed in one block of that size"),
        "bytes of a request's head (16k)", concerns::http);
    add("--max-target", "SIZE", http.max_target, size_between(1, block, "it is part of a head"),
        "bytes of its target (8k)", concerns::http);
    add_count("--max-headers", http.max_headers, 1, "its header fields (100)", concerns::http,
              proto::field_count_cap);
    add("--max-body", "SIZE", http.max_body, parse_size, "bytes of a body read away (64k)",
        concerns::http);
    add("--head-timeout", "TIME", http.head_timeout, parse_time, "for a whole head (20s)",
        concerns::http);
    add("--body-timeout", "TIME", http.body_timeout, parse_time, "for a whole body (30s)",
        concerns::http);
  }

  void declare_hub() {
    group_ = "Services with a hub";
    auto& hub = options_.hub;
    const auto up_to = [](std::uint64_t most) { return count_between(1, most); };
    const auto from_hub = concerns::hub;
    add("--max-topic-length", "N", hub.topic_length, up_to(hub::longest_text),
        "bytes of a topic, or of a chat's room (64)", from_hub);
    add("--max-name-length", "N", hub.name_length, up_to(hub::longest_text),
        "bytes of a subscriber's name (64)", from_hub);
    add("--max-message", "SIZE", hub.message_size,
        size_between(1, hub::longest_message, "a message is read in one block"),
        "bytes of a message (4096)", from_hub);
    add("--max-topics", "N", hub.topics_per_subscriber, up_to(100'000),
        "topics that one is subscribed to (16)", from_hub);
    add("--max-subscribers", "N", hub.subscribers, up_to(1'000'000), "of the hub (65536)",
        from_hub);
    add("--hub-queue", "N", hub.queue_messages, up_to(1'000'000),
        "messages waiting for one subscriber (256)", from_hub);
    add("--hub-queue-size", "SIZE", hub.queue_bytes, size_between(1024, 1 << 30, "it holds some"),
        "bytes of them (256k)", from_hub);
    add("--hub-publisher-wait", "TIME", hub.publisher_wait, parse_time,
        "of publishers for a full subscriber (1s)", from_hub);
    add("--hub-slow-for", "TIME", hub.slow_for, parse_time,
        "a subscriber full for so long is dropped (10s)", from_hub);
  }

  void declare_process() {
    group_ = "The program";
    add("--log", "FILE", options_.log_file, parse_text,
        "append to this file (default: standard error)");
    add("--log-level", "LEVEL", options_.log_level, parse_level,
        "debug, info (default), notice, warning or error");
    auto* user =
        add("--user", "USER", options_.user, parse_text, "workers give up root for this user");
    add("--group", "GROUP", options_.group, parse_text, "and this group")->needs(user);
  }

  void check_concern(const declared& given, const service_entry& entry) const {
    const auto any = [this](auto fits) {
      return std::ranges::any_of(options_.listen, [&](const listener_options& each) {
        return fits(settle(each.how, options_.placed));
      });
    };
    const auto is_pool = [](const placement& how) {
      return how.model != model::multiplex && how.spawn == spawn::pool;
    };
    const auto is_process_pool = [&](const placement& how) {
      return is_pool(how) && how.model == model::process;
    };
    const auto is_thread = [](const placement& how) { return how.model == model::thread; };
    const auto is_unix = [](const listener_options& each) { return each.where.is_unix(); };
    bool fits = true;
    const char* needs = "";
    switch (given.whom) {
      case concerns::all: break;
      case concerns::pools:
        fits = any(is_pool), needs = "--model process or thread with --spawn pool";
        break;
      case concerns::process_pools:
        fits = any(is_process_pool), needs = "--model process with --spawn pool";
        break;
      case concerns::threads: fits = any(is_thread), needs = "--model thread"; break;
      case concerns::unix_sockets:
        fits = std::ranges::any_of(options_.listen, is_unix), needs = "--listen unix:PATH";
        break;
      case concerns::http: fits = entry.speaks_http, needs = "a service that speaks HTTP"; break;
      case concerns::hub: fits = entry.uses_hub, needs = "a service with a hub"; break;
      case concerns::lists: fits = entry.lists_directories, needs = "the service files"; break;
    }
    if (!fits)
      throw CLI::ValidationError(fmt::format("{} would be ignored here: it needs {}; leave it out",
                                             given.option->get_name(), needs));
  }

  [[nodiscard]] std::string unknown_service() const {
    std::string names;
    for (const auto& each : services_) names += (names.empty() ? "" : ", ") + each.name;
    if (options_.service.empty()) return fmt::format("no SERVICE given (there are: {})", names);
    return fmt::format("there is no service '{}' (there are: {})", options_.service, names);
  }

  CLI::App& app_;
  const std::vector<service_entry>& services_;
  serve_options options_;
  std::vector<declared> declared_;
  std::string group_;  ///< of the options that are being declared
};

std::string one_line(const std::string& program, const std::string& what) {
  std::string text = what;
  std::ranges::replace(text, '\n', ' ');
  return fmt::format("{}: {} (try '{} help')\n", program, text, program);
}

/// What CLI11 says in words of its own, in ours.
std::string words_for(const CLI::ParseError& wrong, const CLI::App& app, const CLI::App& serve) {
  std::string text = wrong.what();
  const auto colon = text.find(": ");
  if (colon == std::string::npos) return text;
  if (wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch)) {
    const bool again = text.find("but received") != std::string::npos;
    return text.substr(0, colon) + (again ? " is given more than once" : " needs a value");
  }
  if (wrong.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) return text;
  const auto first = text.substr(colon + 2, text.find(' ', colon + 2) - colon - 2);
  if (!first.starts_with("-") && app.get_subcommands().empty())
    return fmt::format("there is no command '{}' (write serve, version or help)", first);
  if (!first.starts_with("-")) return fmt::format("'{}' is not expected here", first);
  std::vector<std::string> names;
  for (const auto* each : serve.get_options()) names.push_back(each->get_name());
  const auto near = nearest(first, names);
  return fmt::format("there is no option {}{}", first,
                     near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

/// In the order that CLI11 takes them. A program of one service needs no command for it.
std::vector<std::string> words_of(int argc, char** argv, bool own) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") return {"help"};
  const auto is_serve = [](const std::string& first) {
    return first.starts_with("-") && first != "-h" && first != "--help" && first != "--version";
  };
  if (own && (words.empty() || is_serve(words.front()))) words.insert(words.begin(), "serve");
  std::ranges::reverse(words);
  return words;
}

/// CLI11's list of options below a head of our own.
class help_form : public CLI::Formatter {
 public:
  explicit help_form(std::string head) : head_(std::move(head)) { column_width(34); }
  std::string make_usage(const CLI::App*, std::string) const override { return head_; }
  std::string make_positionals(const CLI::App*) const override { return {}; }
  std::string make_description(const CLI::App*) const override { return {}; }
  std::string make_option_opts(const CLI::Option* option) const override {
    const auto kind = option->get_type_name();
    return kind.empty() ? "" : " " + kind;
  }

 private:
  std::string head_;
};

}  // namespace

command parse_command_line(int argc, char** argv, const std::vector<service_entry>& services,
                           bool own) {
  const std::string path = argc > 0 ? argv[0] : "samjoko";
  const auto program = path.substr(path.rfind('/') + 1);
  const auto version_line = fmt::format("{} (samjoko {})\n", program, version_text);
  CLI::App app("", program);
  app.set_help_flag("--help,-h");
  const auto* version_flag = app.add_flag("--version");
  app.allow_windows_style_options(false);
  auto* serve = app.add_subcommand("serve");
  const auto* version = app.add_subcommand("version");
  const auto* help = app.add_subcommand("help");
  serve->formatter(std::make_shared<help_form>(help_head(program, services, own)));
  serve_parser parser(*serve, services, own);
  serve->set_help_flag("--help,-h", "this text");
  const auto usage = [&](const std::string& what) {
    return command{.serve = {}, .print = one_line(program, what), .exit_code = exit_usage};
  };
  try {
    app.parse(words_of(argc, argv, own));
    if (serve->parsed()) parser.finish();
  } catch (const CLI::CallForHelp&) {
    return {.serve = {}, .print = serve->help() + help_foot(program, own)};
  } catch (const CLI::ParseError& wrong) {
    return usage(words_for(wrong, app, *serve));
  }
  if (version->parsed() || version_flag->count() != 0) return {.serve = {}, .print = version_line};
  if (help->parsed()) return {.serve = {}, .print = serve->help() + help_foot(program, own)};
  if (!serve->parsed()) return usage("no command given: write serve, version or help");
  return {.serve = parser.take(), .print = {}};
}

}  // namespace samjoko::cli

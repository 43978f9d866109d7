// The only file that includes CLI11.
#include <samjoko/cli/options.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include <samjoko/cli/units.hpp>
#include <samjoko/cli/version.hpp>
#include <samjoko/os/processors.hpp>
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
  lists
};

struct declared {
  CLI::Option* option;
  concerns whom;
};

template <class Value, class Parser>
CLI::callback_t into(std::string name, Value& target, Parser parser) {
  return [name = std::move(name), &target, parser](const CLI::results_t& given) {
    auto parsed = parser(given.back());
    if (!parsed) throw CLI::ValidationError(name + ": " + parsed.error().sentence());
    target = static_cast<Value>(*parsed);
    return true;
  };
}

/// A parser of sizes for parse_size() that keeps to a range, and says why it is one.
auto size_between(std::uint64_t least, std::uint64_t most, const char* why) {
  return [=](std::string_view text) -> result<std::uint64_t> {
    auto parsed = parse_size(text);
    if (!parsed || (*parsed >= least && *parsed <= most)) return parsed;
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' (from {} to {} bytes: {})", text, least, most, why));
  };
}

class serve_parser {
 public:
  serve_parser(CLI::App& app, const std::vector<service_entry>& services, bool own)
      : app_(app), services_(services) {
    if (own) {
      options_.service = services.front().name;
    } else {
      app.add_option("SERVICE", options_.service, "what to serve")->required();
    }
    app.add_option("ARGS", options_.arguments, "arguments of the service");
    declare_placement();
    declare_sockets();
    declare_limits();
    declare_http();
    declare_process();
  }

  /// What CLI11 cannot say: unknown names, and options that the chosen model would ignore.
  void finish() {
    const auto entry = std::ranges::find(services_, options_.service, &service_entry::name);
    if (entry == services_.end()) throw CLI::ValidationError(unknown_service());
    if (options_.listen.empty()) options_.listen.push_back(*os::address::parse("127.0.0.1:7000"));
    if (spawn_->count() != 0 && options_.model == model::multiplex)
      throw CLI::ValidationError("--spawn has no meaning for --model multiplex: leave it out");
    if (options_.limits.pool_min > options_.limits.pool_max)
      throw CLI::ValidationError("--pool-min is above --pool-max");
    if (workers_->count() == 0)
      options_.workers = options_.model == model::multiplex ? os::usable_processors() : 1;
    for (const auto& each : declared_) {
      if (each.option->count() != 0) check_concern(each, *entry);
    }
    check_inherited();
  }

  [[nodiscard]] serve_options take() { return std::move(options_); }

 private:
  template <class Value, class Parser>
  CLI::Option* add(const char* name, Value& target, Parser parser, const char* help,
                   concerns whom = concerns::all) {
    auto* option = app_.add_option(name, into(name, target, parser), help);
    option->multi_option_policy(CLI::MultiOptionPolicy::Throw)->type_size(1);
    declared_.push_back({option, whom});
    return option;
  }
  CLI::Option* add_count(const char* name, std::uint32_t& target, std::uint32_t least,
                         const char* help, concerns whom = concerns::all,
                         std::uint32_t most = 1'000'000) {
    auto* option = app_.add_option(name, target, help)->check(CLI::Range(least, most));
    declared_.push_back({option, whom});
    return option;
  }

  void declare_placement() {
    const std::map<std::string, model> models{
        {"process", model::process}, {"thread", model::thread}, {"multiplex", model::multiplex}};
    const std::map<std::string, spawn> spawns{{"each", spawn::each}, {"pool", spawn::pool}};
    app_.add_option("--model", options_.model, "process, thread or multiplex (default)")
        ->transform(CLI::CheckedTransformer(models).description(""));
    spawn_ = app_.add_option("--spawn", options_.spawn,
                             "one for each client, or a pool (default), of processes or threads");
    spawn_->transform(CLI::CheckedTransformer(spawns).description(""));
    workers_ = app_.add_option("--workers", options_.workers,
                               "worker processes (default: cores for multiplex, else 1)");
    workers_->check(CLI::Range(1u, 256u));
    auto& limits = options_.limits;
    add_count("--pool-min", limits.pool_min, 1, "members kept ready (4)", concerns::pools);
    add_count("--pool-max", limits.pool_max, 1, "members at most (256)", concerns::pools);
    add("--pool-idle", limits.pool_idle, parse_time, "surplus members leave after (10s)",
        concerns::pools);
    auto* recycle = app_.add_option("--recycle-after", limits.recycle_after,
                                    "a pool process leaves after so many clients (0: never)");
    declared_.push_back({recycle, concerns::process_pools});
    add("--stack-size", limits.stack_size, parse_size, "stack of a thread (256k)",
        concerns::threads);
  }

  void declare_sockets() {
    app_.add_option_function<std::vector<std::string>>(
            "--listen,-l",
            [this](const std::vector<std::string>& given) {
              for (const auto& text : given) {
                auto where = os::address::parse(text);
                if (!where) throw CLI::ValidationError(where.error().sentence());
                options_.listen.push_back(*where);
              }
            },
            "127.0.0.1:7000 (default), [::1]:7000, :7000, unix:/path, fd:3; may be repeated")
        ->allow_extra_args(false);
    app_.add_option("--backlog", options_.backlog, "clients waiting in the kernel (4096)")
        ->check(CLI::Range(1, 65535));
    add("--unix-mode", options_.unix_mode, parse_mode, "permission bits of a unix socket",
        concerns::unix_sockets);
    auto* owner =
        app_.add_option("--unix-owner", options_.unix_owner, "USER, USER:GROUP or :GROUP");
    declared_.push_back({owner, concerns::unix_sockets});
  }

  void declare_limits() {
    auto& limits = options_.limits;
    add_count("--max-connections", limits.max_connections, 1, "open at once, per worker");
    add_count("--max-connections-per-peer", limits.max_connections_per_peer, 1,
              "of them, from one address");
    add("--idle-timeout", limits.connection.idle, parse_time,
        "silence of a client (60s; 0: for ever)");
    add("--write-timeout", limits.connection.write_idle, parse_time,
        "a client that takes nothing (30s)");
    add("--min-write-rate", limits.connection.minimum_write_rate, parse_size,
        "bytes per second a client must take (512; 0: any)");
    add("--write-grace", limits.connection.write_grace, parse_time,
        "before that rate counts (10s)");
    add("--stop-timeout", options_.stop_timeout, parse_time,
        "to finish clients in when stopped (30s)");
  }

  void declare_http() {
    auto& http = options_.http;
    auto flag = [this](const char* name, bool& target, const char* help, concerns whom) {
      declared_.push_back({app_.add_flag(name, target, help), whom});
    };
    flag("--identify", http.identify, "add X-Served-By: PID/TID/MODEL", concerns::http);
    flag("--list", http.list, "show directories without an index.html", concerns::lists);
    constexpr auto block = web::most_head_size;
    add("--max-head", http.max_head,
        size_between(web::least_head_size, block, "a head is parsed in one block of that size"),
        "bytes of a request's head (16k)", concerns::http);
    add("--max-target", http.max_target, size_between(1, block, "it is part of a head"),
        "bytes of its target (8k)", concerns::http);
    add_count("--max-headers", http.max_headers, 1, "its header fields (100)", concerns::http,
              proto::field_count_cap);
    add("--max-body", http.max_body, parse_size, "bytes of a body read away (64k)", concerns::http);
    add("--head-timeout", http.head_timeout, parse_time, "for a whole head (20s)", concerns::http);
    add("--body-timeout", http.body_timeout, parse_time, "for a whole body (30s)", concerns::http);
  }

  void declare_process() {
    app_.add_option("--log", options_.log_file, "append to this file (default: standard error)");
    app_.add_option("--log-level", options_.log_level, "debug, info, notice, warning or error")
        ->check(CLI::IsMember({"debug", "info", "notice", "warning", "error"}));
    app_.add_option("--user", options_.user, "workers give up root for this user");
    app_.add_option("--group", options_.group, "and this group")->needs("--user");
  }

  void check_concern(const declared& given, const service_entry& entry) const {
    const bool pooled = options_.model != model::multiplex && options_.spawn == spawn::pool;
    const bool has_unix = std::ranges::any_of(options_.listen, &os::address::is_unix);
    bool fits = true;
    const char* needs = "";
    switch (given.whom) {
      case concerns::all: break;
      case concerns::pools:
        fits = pooled, needs = "--model process or thread with --spawn pool";
        break;
      case concerns::process_pools:
        fits = pooled && options_.model == model::process;
        needs = "--model process with --spawn pool";
        break;
      case concerns::threads:
        fits = options_.model == model::thread, needs = "--model thread";
        break;
      case concerns::unix_sockets: fits = has_unix, needs = "--listen unix:PATH"; break;
      case concerns::http: fits = entry.speaks_http, needs = "a service that speaks HTTP"; break;
      case concerns::lists: fits = entry.lists_directories, needs = "the service files"; break;
    }
    if (!fits)
      throw CLI::ValidationError(fmt::format("{} would be ignored here: it needs {}; leave it out",
                                             given.option->get_name(), needs));
  }

  /// Models whose members block in accept need a listener for themselves.
  void check_inherited() const {
    for (const auto& each : options_.listen) {
      if (each.inherited() >= 0 && each.inherited() < 3)
        throw CLI::ValidationError(each.text() + " is a standard stream, not a listening socket");
    }
  }

  [[nodiscard]] std::string unknown_service() const {
    std::string names;
    for (const auto& each : services_) names += (names.empty() ? "" : ", ") + each.name;
    return fmt::format("there is no service '{}' (there are: {})", options_.service, names);
  }

  CLI::App& app_;
  const std::vector<service_entry>& services_;
  serve_options options_;
  std::vector<declared> declared_;
  CLI::Option* spawn_ = nullptr;
  CLI::Option* workers_ = nullptr;
};

std::string one_line(const std::string& program, const std::string& what) {
  std::string text = what;
  std::ranges::replace(text, '\n', ' ');
  return fmt::format("{}: {} (try '{} help')\n", program, text, program);
}

std::string services_text(const std::vector<service_entry>& services) {
  std::string text = "\nServices:\n";
  for (const auto& each : services)
    text += fmt::format("  {:<18}{}\n", each.name + (each.usage.empty() ? "" : " " + each.usage),
                        each.summary);
  return text;
}

}  // namespace

command parse_command_line(int argc, char** argv, const std::vector<service_entry>& services,
                           bool own) {
  const std::string path = argc > 0 ? argv[0] : "samjoko";
  const auto program = path.substr(path.rfind('/') + 1);
  CLI::App app("One service, by processes, threads or an event loop: the model is a flag.",
               program);
  app.set_help_flag("--help,-h", "this text");
  app.allow_windows_style_options(false);
  auto* serve = app.add_subcommand("serve", "serve clients until stopped");
  auto* version = app.add_subcommand("version", "print the version");
  auto* help = app.add_subcommand("help", "print this text");
  serve->set_help_flag("--help,-h", "this text");
  serve_parser parser(*serve, services, own);

  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const bool implied =
      own &&
      (words.empty() || (words[0].starts_with("-") && words[0] != "-h" && words[0] != "--help"));
  if (implied) words.insert(words.begin(), "serve");
  const auto help_text = [&] {
    return serve->help(program) + (own ? "" : services_text(services));
  };
  try {
    std::ranges::reverse(words);
    app.parse(words);
    if (serve->parsed()) parser.finish();
  } catch (const CLI::CallForHelp&) {
    return {.serve = {}, .print = help_text()};
  } catch (const CLI::ParseError& wrong) {
    return {.serve = {}, .print = one_line(program, wrong.what()), .exit_code = exit_usage};
  }
  if (version->parsed())
    return {.serve = {}, .print = fmt::format("{} (samjoko {})\n", program, version_text)};
  if (help->parsed()) return {.serve = {}, .print = help_text()};
  if (!serve->parsed())
    return {.serve = {}, .print = one_line(program, "no command given"), .exit_code = exit_usage};
  return {.serve = parser.take(), .print = {}};
}

}  // namespace samjoko::cli

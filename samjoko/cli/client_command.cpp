#include <samjoko/cli/client_command.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/control_place.hpp>
#include <samjoko/cli/options.hpp>
#include <samjoko/cli/print.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/operate/json_text.hpp>
#include <samjoko/os/local_stream.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <utility>

namespace samjoko::cli {
namespace {

using operate::asked_for;

/// Those of commands.hpp that ask a running server.
struct known_command {
  std::string_view name;
  asked_for what;
};
constexpr std::array<known_command, 6> commands{{
    {"status", asked_for::status},
    {"deaths", asked_for::deaths},
    {"scale", asked_for::scale},
    {"reset-failed", asked_for::reset_failed},
    {"stop", asked_for::stop},
    {"reopen-logs", asked_for::reopen_logs},
}};
constexpr std::size_t longest_answer = 16 << 20;
constexpr std::uint32_t most_deaths = 4'000'000'000;

const known_command* find(std::string_view word) {
  const auto* found = std::ranges::find(commands, word, &known_command::name);
  return found == commands.end() ? nullptr : found;
}

std::unexpected<error> wrong(std::string words) {
  return failure(condition::bad_argument, "command", std::move(words));
}

/// Reads the words behind the command one by one.
class words_behind {
 public:
  words_behind(const known_command& which, const std::vector<std::string>& words)
      : which_(which), words_(words) {
    made_.asked.what = which.what;
  }

  result<client_command> read() {
    while (at_ < words_.size()) {
      if (auto taken = take(words_[at_++]); !taken) return std::unexpected(taken.error());
    }
    if (which_.what == asked_for::scale && made_.asked.count == 0)
      return wrong("scale needs a number of workers");
    return made_;
  }

 private:
  result<void> take(const std::string& word) {
    const bool stops = which_.what == asked_for::stop;
    if (word == "--json") return set(made_.asked.json, word);
    if (word == "--control") return take_path();
    if (word == "--group" && takes_group()) return take_value(made_.asked.group, word);
    if (word == "--wait" && stops) return set(made_.wait, word);
    if (word == "--now" && stops) {
      if (made_.asked.what == asked_for::stop_now) return wrong("--now is given more than once");
      made_.asked.what = asked_for::stop_now;
      return {};
    }
    if (word.starts_with("-")) return wrong(unknown_option(word));
    if (which_.what == asked_for::scale && made_.asked.count == 0) {
      const auto count = parse_count(word, 1, most_workers);
      if (!count) return std::unexpected(count.error());
      made_.asked.count = *count;
      return {};
    }
    if (which_.what == asked_for::deaths && made_.asked.count == 0) {
      const auto number = parse_count(word, 1, most_deaths);
      if (!number) return std::unexpected(number.error());
      made_.asked.count = *number;
      return {};
    }
    return wrong(fmt::format("'{}' is not expected here", word));
  }

  static result<void> set(bool& flag, const std::string& word) {
    if (std::exchange(flag, true)) return wrong(word + " is given more than once");
    return {};
  }

  result<void> take_path() {
    if (auto taken = take_value(made_.control, "--control"); !taken) return taken;
    const auto where = os::address::parse("unix:" + made_.control);
    return where ? result<void>() : std::unexpected(where.error());
  }

  result<void> take_value(std::string& target, const std::string& option) {
    if (!target.empty()) return wrong(option + " is given more than once");
    if (at_ == words_.size() || words_[at_].empty()) return wrong(option + " needs a value");
    target = words_[at_++];
    if (target.find('\n') != std::string::npos) return wrong(option + " has a line break");
    return {};
  }

  [[nodiscard]] bool takes_group() const {
    return which_.what == asked_for::scale || which_.what == asked_for::reset_failed;
  }

  [[nodiscard]] std::string unknown_option(const std::string& word) const {
    std::vector<std::string> known{"--json", "--control"};
    if (takes_group()) known.emplace_back("--group");
    if (which_.what == asked_for::stop) known.insert(known.end(), {"--now", "--wait"});
    const auto near = nearest(word, known);
    return fmt::format("{} has no option {} ({})", which_.name, word,
                       near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                    : fmt::format("did you mean {}?", near));
  }

  const known_command& which_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 1;
  client_command made_;
};

result<std::string> path_of_server(const client_command& command) {
  if (!command.control.empty()) return command.control;
  const auto found = find_servers();
  if (found.size() == 1) return found.front().path;
  if (found.empty())
    return wrong(
        "no server of this program runs here (of another user, or with "
        "a control socket elsewhere? name that by --control PATH)");
  std::vector<std::string> paths;
  for (const auto& each : found) paths.push_back(each.path);
  return wrong(fmt::format("{} servers run here: choose one by --control PATH, of {}", found.size(),
                           fmt::join(paths, ", ")));
}

/// The process on the other side, to wait for; none where it cannot be known.
result<os::descriptor> process_behind(const os::descriptor& socket) {
  const auto who = os::identity_of_peer(socket);
  if (!who) return std::unexpected(who.error());
  if (who->process == 0) return failure(ESRCH, "wait for a process of another namespace");
  return os::open_pidfd(who->process);
}

result<operate::answer> ask(const client_command& command) {
  const auto path = path_of_server(command);
  if (!path) return std::unexpected(path.error());
  const auto where = os::address::parse("unix:" + *path);
  if (!where) return std::unexpected(where.error());
  const auto patience = deadline::after(milliseconds(15'000));
  const auto socket = os::connect_local(*where, patience);
  if (!socket) return std::unexpected(socket.error());
  result<os::descriptor> process = os::descriptor();
  if (command.wait) process = process_behind(*socket);
  if (!process) return std::unexpected(process.error());
  const auto text =
      os::ask_local(*socket, operate::request_line(command.asked), longest_answer, patience);
  if (!text) return std::unexpected(text.error());
  auto answer = operate::parse_answer(*text);
  if (answer && answer->code == 0 && *process)
    (void)os::wait_readable(process->get(), deadline::never());
  return answer;
}

std::string explained(const error& why) {
  if (why.is(ECONNREFUSED)) return why.sentence() + ": the server is gone";
  if (why.is(EACCES)) return why.sentence() + ": it is another user's server";
  return in_words(why);
}

}  // namespace

bool is_client_command(std::string_view word) { return find(word) != nullptr; }

result<client_command> parse_client_command(const std::vector<std::string>& words) {
  return words_behind(*find(words.front()), words).read();
}

std::optional<int> run_client_command(int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || !is_client_command(words.front())) return std::nullopt;
  const std::string path(argv[0]);
  const auto program = path.substr(path.rfind('/') + 1);
  const auto command = parse_client_command(words);
  if (!command) {
    os::write_all(os::standard_error, fmt::format("{}: {} (try '{} help')\n", program,
                                                  in_words(command.error()), program));
    return exit_usage;
  }
  const auto answer = ask(*command);
  if (answer && answer->code == 0) return print_answer(program, answer->text);
  if (answer) {
    os::write_all(os::standard_error, answer->text);
    return answer->code;
  }
  const auto why = explained(answer.error());
  const auto text = command->asked.json
                        ? fmt::format("{{\"error\":{}}}\n", operate::json_string(why))
                        : fmt::format("{}: {}\n", program, why);
  os::write_all(os::standard_error, text);
  return exit_could_not_start;
}

std::string client_command_help(const std::string& program) {
  auto text = fmt::format("\nA running server ({} COMMAND [--control PATH] [--json]):\n", program);
  for (const auto& each : all_commands()) {
    if (!is_client_command(each.name)) continue;
    text += fmt::format("  {:<32}{}\n", fmt::format("{} {}", each.name, each.usage), each.summary);
  }
  return text;
}

}  // namespace samjoko::cli

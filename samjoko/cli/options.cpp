#include <samjoko/cli/options.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/command_line.hpp>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/completion.hpp>
#include <samjoko/cli/configuration.hpp>
#include <samjoko/cli/describe.hpp>
#include <samjoko/cli/environment.hpp>
#include <samjoko/cli/help.hpp>
#include <samjoko/cli/manual.hpp>
#include <samjoko/cli/version.hpp>

namespace samjoko::cli {
namespace {

/// What a program was called with, and what follows from it.
class caller {
 public:
  caller(std::string program, const std::vector<service_entry>& services, bool own)
      : program_(std::move(program)), services_(services), own_(own) {}

  command obey(const spoken& said, char** environment) {
    if (said.command == "serve") return serve(said, environment);
    if (said.command == "print-config") return print(said, environment);
    if (said.command == "check") return check(said);
    if (said.command == "completion") return completion(said);
    if (said.command == "manual") return manual(said);
    if (said.command == "help") return help(said);
    return {.serve = {}, .print = fmt::format("{} (samjoko {})\n", program_, version_text)};
  }

 private:
  /// There is one help text; the command or service in the words may be what the user looks for.
  command help(const spoken& said) {
    const auto is_known = [this](const std::string& word) {
      return word == "--help" || word == "-h" ||
             std::ranges::find(all_commands(), word, &command_entry::name) !=
                 all_commands().end() ||
             std::ranges::find(services_, word, &service_entry::name) != services_.end();
    };
    if (said.words.size() > 1)
      return mistake(program_, fmt::format("'{}' is not expected here", said.words[1]));
    if (said.words.empty() || is_known(said.words.front()))
      return {.serve = {}, .print = help_text(program_, services_, own_)};
    return mistake(program_, unknown_command(said.words.front()));
  }

  command serve(const spoken& said, char** environment) {
    gather(said, environment);
    auto decided = decide_all();
    if (!problems_.empty()) return refuse();
    command wanted;
    for (auto& each : decided.services) wanted.serve.push_back(std::move(each.options));
    return wanted;
  }

  command print(const spoken& said, char** environment) {
    gather(said, environment);
    const auto decided = decide_all();
    if (!problems_.empty()) return refuse();
    return {.serve = {}, .print = print_configuration(decided.services, services_)};
  }

  /// Checks the file alone: the present environment is not part of it.
  command check(const spoken& said) {
    if (said.words.empty()) return mistake(program_, "check needs a FILE");
    file_ = said.words.front();
    read_file();
    choose_services({said.words.begin() + 1, said.words.end()});
    const auto decided = decide_all();
    if (problems_.empty()) return {.serve = {}, .print = describe_services(decided.services)};
    std::string text;
    for (const auto& each : problems_) text += each.text + "\n";
    return {.serve = {}, .print = text, .exit_code = exit_usage};
  }

  command completion(const spoken& said) {
    const auto shell = said.words.size() == 1 ? said.words.front() : "";
    if (auto script = completion_for(shell, program_, services_, own_); !script.empty())
      return {.serve = {}, .print = std::move(script)};
    return mistake(program_, "completion needs the name of a shell: bash, zsh or fish");
  }

  command manual(const spoken& said) {
    const auto section = said.words.empty() ? "1" : said.words.front();
    if (auto page = manual_page(section, program_, services_, own_);
        !page.empty() && said.words.size() < 2)
      return {.serve = {}, .print = std::move(page)};
    return mistake(program_, "manual takes 1, the commands, 5, the configuration, or markdown");
  }

  /// Gathers the settings about a program that is to serve.
  void gather(const spoken& said, char** environment) {
    auto variables = read_environment(environment);
    all_.flags = said.flags;
    all_.environment = std::move(variables.said);
    add(std::move(variables.problems));
    for (const auto* layer : {&all_.environment, &all_.flags}) {
      for (const auto& each : *layer) {
        if (each.what->name == "config") file_ = each.text;
      }
    }
    if (!file_.empty()) read_file();
    choose_services(said.words);
  }

  void read_file() {
    auto read = read_configuration(file_);
    all_.file = std::move(read.top);
    all_.services = std::move(read.services);
    add(std::move(read.problems));
  }

  /// The service of the command line, or those of the file; never both.
  void choose_services(std::vector<std::string> words) {
    const bool is_named = own_ || !words.empty();
    if (is_named && !all_.services.empty()) {
      const auto& where = all_.services.front().where;
      const auto why = own_ ? std::string(
                                  "this program has one service of its own: write its "
                                  "options without [[service]]")
                            : fmt::format(
                                  "there are services in the file, and '{}' is named "
                                  "besides: leave out one or the other",
                                  words.front());
      add({{where, place_of(where) + why}});
    }
    // An error in the file may be the reason why there is no service.
    if (!is_named && (!all_.services.empty() || !problems_.empty())) return;
    wanted_service named;
    if (own_) {
      named.run = services_.front().name;
    } else if (is_named) {
      named.run = words.front();
      words.erase(words.begin());
    } else if (!file_.empty()) {
      return add({{{.from = source::file, .file = file_},
                   file_ + ": there is no [[service]] in it; name one behind the command"}});
    }
    named.arguments = std::move(words);
    all_.services = {std::move(named)};
  }

  decision decide_all() {
    auto decided = resolve(all_, services_);
    add(std::move(decided.problems));
    std::ranges::sort(problems_, comes_before);
    return decided;
  }

  void add(std::vector<problem> more) {
    for (auto& each : more) problems_.push_back(std::move(each));
  }

  /// One line: the first problem, and where to find the others.
  command refuse() const {
    const auto& first = problems_.front().text;
    if (problems_.size() == 1) return mistake(program_, first);
    const auto others = problems_.size() - 1;
    if (file_.empty()) return mistake(program_, fmt::format("{}; and {} more", first, others));
    return {.serve = {},
            .print = fmt::format("{0}: {1}; and {2} more (try '{0} check {3}')\n", program_, first,
                                 others, file_),
            .exit_code = exit_usage};
  }

  const std::string program_;
  const std::vector<service_entry>& services_;
  const bool own_;
  std::string file_;
  everything_said all_;
  std::vector<problem> problems_;
};

}  // namespace

command parse_command_line(int argc, char** argv, const std::vector<service_entry>& services,
                           bool own, char** environment) {
  auto said = take_apart(argc, argv, services, own);
  if (!said) return std::move(said.error());
  return caller(program_name(argc, argv), services, own).obey(*said, environment);
}

}  // namespace samjoko::cli

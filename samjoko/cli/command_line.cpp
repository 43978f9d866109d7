// The only file that includes CLI11.
#include <samjoko/cli/command_line.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/help.hpp>
#include <samjoko/cli/units.hpp>

namespace samjoko::cli {
namespace {

CLI::Option* declare(CLI::App& app, const option& which) {
  const auto name =
      fmt::format("--{}{}", which.name, which.letter == 0 ? "" : fmt::format(",-{}", which.letter));
  if (is_switch(which))
    return app.add_flag(name)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  auto* made = app.add_option(name)->type_size(1);
  made->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  if (which.repeats) {
    made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false);
  }
  return made;
}

/// One command as CLI11 sees it.
class declared_command {
 public:
  declared_command(CLI::App& app, const command_entry& entry)
      : app_(*app.add_subcommand(std::string(entry.name))) {
    app_.set_help_flag("--help,-h");
    if (!entry.usage.empty()) app_.add_option("WORDS", words_);
    if (!entry.takes_options) return;
    for (const auto& each : all_options()) options_.push_back(declare(app_, each));
  }

  [[nodiscard]] bool was_given() const { return app_.parsed(); }

  [[nodiscard]] spoken take() const {
    spoken said{.command = app_.get_name(), .words = words_, .flags = {}};
    for (std::size_t n = 0; n < options_.size(); ++n) {
      for (const auto& text : options_[n]->results())
        said.flags.push_back({&all_options()[n], text, {.from = source::flag}});
    }
    return said;
  }

 private:
  CLI::App& app_;
  std::vector<std::string> words_;
  std::vector<CLI::Option*> options_;
};

std::string unknown_option(std::string_view given) {
  std::vector<std::string> names{"--help"};
  for (const auto& each : all_options()) names.push_back(fmt::format("--{}", each.name));
  const auto near = nearest(given, names);
  return fmt::format("there is no option {}{}", given,
                     near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

/// CLI11's error messages in our own words.
std::string words_for(const CLI::ParseError& wrong, const CLI::App& app) {
  std::string text = wrong.what();
  const auto colon = text.find(": ");
  if (colon == std::string::npos) return text;
  if (wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch)) {
    const bool again = text.find("but received") != std::string::npos;
    return text.substr(0, colon) + (again ? " is given more than once" : " needs a value");
  }
  if (wrong.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) return text;
  const auto first = text.substr(colon + 2, text.find(' ', colon + 2) - colon - 2);
  if (first.starts_with("-")) return unknown_option(first.substr(0, first.find('=')));
  if (app.get_subcommands().empty()) return unknown_command(first);
  return fmt::format("'{}' is not expected here", first);
}

/// Takes the words behind the first "--" out: they are the service's alone. CLI11 would interpret
/// them: it takes "[a,b]" for a list.
std::vector<std::string> cut_behind(std::vector<std::string>& words) {
  const auto mark = std::ranges::find(words, "--");
  if (mark == words.end()) return {};
  std::vector<std::string> behind(mark + 1, words.end());
  words.erase(mark, words.end());
  return behind;
}

/// Puts the words in the order that CLI11 takes them. A program of one service needs no command for
/// it.
std::vector<std::string> in_order(std::vector<std::string> words, bool own) {
  const auto is_serve = [](const std::string& first) {
    return first.starts_with("-") && first != "-h" && first != "--help" && first != "--version";
  };
  if (own && (words.empty() || is_serve(words.front()))) words.insert(words.begin(), "serve");
  std::ranges::reverse(words);
  return words;
}

}  // namespace

std::string program_name(int argc, char** argv) {
  const std::string path = argc > 0 ? argv[0] : "samjoko";
  return path.substr(path.rfind('/') + 1);
}

command mistake(const std::string& program, const std::string& what) {
  auto text = what;
  std::ranges::replace(text, '\n', ' ');
  return {.serve = {},
          .print = fmt::format("{}: {} (try '{} help')\n", program, text, program),
          .exit_code = exit_usage};
}

std::expected<spoken, command> take_apart(int argc, char** argv,
                                          const std::vector<service_entry>& services, bool own) {
  const auto program = program_name(argc, argv);
  CLI::App app("", program);
  app.set_help_flag("--help,-h");
  const auto* version = app.add_flag("--version");
  app.allow_windows_style_options(false);
  app.require_subcommand(0, 1);  // behind a command its name is an ordinary word
  std::vector<std::unique_ptr<declared_command>> commands;
  for (const auto& each : all_commands())
    commands.push_back(std::make_unique<declared_command>(app, each));
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    return spoken{.command = "help", .words = std::move(words), .flags = {}};
  }
  const auto behind = cut_behind(words);
  try {
    app.parse(in_order(std::move(words), own));
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(command{.serve = {}, .print = help_text(program, services, own)});
  } catch (const CLI::ParseError& wrong) {
    return std::unexpected(mistake(program, words_for(wrong, app)));
  }
  if (version->count() != 0) return spoken{.command = "version", .words = {}, .flags = {}};
  for (const auto& each : commands) {
    if (!each->was_given()) continue;
    auto said = each->take();
    said.words.insert(said.words.end(), behind.begin(), behind.end());
    return said;
  }
  return std::unexpected(
      mistake(program, fmt::format("no command given: write {}", names_of_commands())));
}

}  // namespace samjoko::cli

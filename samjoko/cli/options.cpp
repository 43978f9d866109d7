#include <samjoko/cli/options.hpp>

#include <fmt/format.h>

#include <samjoko/cli/command_line.hpp>
#include <samjoko/cli/decide.hpp>
#include <samjoko/cli/help.hpp>
#include <samjoko/cli/version.hpp>

namespace samjoko::cli {
namespace {

/// The one service that a command line names.
wanted_service named_on_the_command_line(const spoken& said,
                                         const std::vector<service_entry>& services, bool own) {
  wanted_service wanted;
  auto words = said.words;
  if (own) {
    wanted.run = services.front().name;
  } else if (!words.empty()) {
    wanted.run = words.front();
    words.erase(words.begin());
  }
  wanted.arguments = std::move(words);
  return wanted;
}

}  // namespace

command parse_command_line(int argc, char** argv, const std::vector<service_entry>& services,
                           bool own, char** /*environment*/) {
  const auto program = program_name(argc, argv);
  auto said = take_apart(argc, argv, services, own);
  if (!said) return std::move(said.error());
  if (said->command == "version")
    return {.serve = {}, .print = fmt::format("{} (samjoko {})\n", program, version_text)};
  if (said->command == "help") return {.serve = {}, .print = help_text(program, services, own)};
  const everything_said all{.services = {named_on_the_command_line(*said, services, own)},
                            .file = {},
                            .environment = {},
                            .flags = said->flags};
  auto decided = decide(all, services);
  if (!decided.problems.empty()) return mistake(program, decided.problems.front().text);
  command wanted;
  for (auto& each : decided.services) wanted.serve.push_back(std::move(each.options));
  return wanted;
}

}  // namespace samjoko::cli

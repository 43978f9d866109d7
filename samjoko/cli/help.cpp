#include <samjoko/cli/help.hpp>

#include <fmt/format.h>

#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/manual_tables.hpp>
#include <samjoko/cli/option_sections.hpp>

namespace samjoko::cli {
namespace {

constexpr std::size_t column = 34;  ///< where the explanations begin

/// A name and what it means; further lines of that stand below it.
std::string entry(std::string name, std::string_view meaning) {
  name = "  " + name;
  name.resize(std::max(column, name.size() + 1), ' ');
  for (const char each : meaning) {
    name += each;
    if (each == '\n') name.append(column, ' ');
  }
  return name + "\n";
}

std::string usage(const std::string& program, bool own) {
  std::string text;
  for (const auto& each : all_commands()) {
    const auto words = usage_of(each, own);
    text += fmt::format("{} {} {}{}{}{}\n", text.empty() ? "usage:" : "      ", program, each.name,
                        words.empty() ? "" : " ", words, each.takes_options ? " [options]" : "");
  }
  return text;
}

std::string options(const std::vector<service_entry>& services) {
  std::string text;
  for (const auto& section : option_sections(services)) {
    text += fmt::format("\n{}:\n", section.heading);
    for (const auto* each : section.rows) {
      const auto letter = each->letter == 0 ? "" : fmt::format("-{}, ", each->letter);
      const auto standard = default_of(*each);
      text += entry(
          fmt::format("{}--{}{}{}", letter, each->name, is_switch(*each) ? "" : " ", each->kind),
          standard.empty() ? std::string(each->help)
                           : fmt::format("{} ({})", each->help, standard));
    }
  }
  return text;
}

std::string signals() {
  std::string text = "\nSignals to the master:\n";
  for (const auto& each : all_signals()) text += entry(std::string(each.names), each.effect);
  return text;
}

}  // namespace

std::string help_text(const std::string& program, const std::vector<service_entry>& services,
                      bool own) {
  auto text = usage(program, own);
  if (!own) text += "\nServices:\n";
  for (const auto& each : services) {
    if (!own) text += entry(each.name + (each.usage.empty() ? "" : " " + each.usage), each.summary);
  }
  return text + options(services) + client_command_help(program) + signals() +
         fmt::format(R"(
One program, three models, on three ports:
  {0}{1} -l :8001,model=process -l :8002,model=thread,spawn=each -l :8003
What an option means in full, exit codes and more: {0} manual | man -l -
)",
                     program, own ? "" : " serve files DIR");
}

}  // namespace samjoko::cli

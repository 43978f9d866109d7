#include <samjoko/cli/manual.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/manual_tables.hpp>
#include <samjoko/cli/option_sections.hpp>

namespace samjoko::cli {
namespace {

/// A paragraph in lines that can be read as they are; the further ones begin with `indent`.
std::string wrapped(std::string_view text, std::string_view indent = "") {
  constexpr std::size_t width = 118;
  std::string made, line(indent.empty() ? "" : "- ");
  bool is_first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!is_first && line.size() + word.size() > width) {
      made += line + "\n";
      line = indent;
      is_first = true;
    }
    line += fmt::format("{}{}", is_first ? "" : " ", word);
    is_first = false;
  }
  return made + line + "\n";
}

/// A bar would end the cell, and so would the end of the line.
std::string cell(std::string_view text) {
  std::string made;
  for (const char each : text) {
    if (each == '|') made += '\\';
    made += each == '\n' ? ' ' : each;
  }
  return made;
}

/// "`TERM`, `INT`"
std::string marked_list(std::string_view names) {
  std::string made = "`";
  for (const char each : names)
    made += each == ',' ? "`," : each == ' ' ? " `" : std::string(1, each);
  return made + "`";
}

std::string command_rows(bool asks_server, bool own) {
  std::string text = "| command | meaning |\n|---|---|\n";
  for (const auto& each : all_commands()) {
    if (is_client_command(each.name) != asks_server) continue;
    const auto words = usage_of(each, own);
    text += fmt::format("| `{}{}{}{}` | {} |\n", each.name, words.empty() ? "" : " ", cell(words),
                        each.takes_options ? " [options]" : "", cell(summary_of(each, own)));
  }
  return text;
}

std::string commands(bool own) {
  return "## Commands\n\n" + command_rows(false, own) + "\n" +
         wrapped(
             "`check -` and `--config -` read standard input. `--help` and `--version` are "
             "understood too." +
             std::string(own ? " `serve` may be left out."
                             : " In a program of yours `serve` may be left out: `my_server "
                               "--model thread`.")) +
         "\nControl commands ask or steer a server that runs. Each takes `--control PATH`, to "
         "choose the server, and `--json`.\n\n" +
         command_rows(true, own) + "\n" +
         wrapped(
             "Without `--control` a command takes the only server of this program that runs "
             "for this user. **It acts on that server at once**, so name the server where "
             "several people or services share a user.");
}

std::string services_of(const std::vector<service_entry>& services) {
  std::string text = "\n## Services\n\n| service | does |\n|---|---|\n";
  for (const auto& each : services)
    text += fmt::format("| `{}{}{}` | {} |\n", each.name, each.usage.empty() ? "" : " ",
                        cell(each.usage), cell(each.summary));
  return text;
}

std::string option_row(const option& which) {
  const auto letter = which.letter == 0 ? "" : fmt::format("-{}, ", which.letter);
  const auto standard = is_switch(which) ? "off" : default_of(which);
  return fmt::format("| `{}--{}{}{}` | {} | {}{} |\n", letter, which.name,
                     is_switch(which) ? "" : " ", which.kind, cell(standard), cell(which.help),
                     which.needs.empty() ? "" : fmt::format("; needs `--{}`", which.needs));
}

std::string options(const std::vector<service_entry>& services) {
  auto text = "\n## Options\n\n" +
              wrapped(
                  "The name of an option is the same everywhere: `--idle-timeout 10s` on the "
                  "command line, `idle-timeout = \"10s\"` in a file, `SAMJOKO_IDLE_TIMEOUT=10s` "
                  "in the environment. " +
                  std::string(value_forms())) +
              "\n" +
              wrapped(
                  "An option that nothing would heed, neither a listener's model nor the "
                  "service, is an error: `--stack-size would be ignored here: it needs --model "
                  "thread; leave it out`.") +
              "\nAn ADDRESS is one of these:\n\n| address | is |\n|---|---|\n";
  for (const auto& each : address_forms())
    text += fmt::format("| {} | {} |\n", marked_list(each.forms), each.meaning);
  for (const auto& section : option_sections(services)) {
    text +=
        fmt::format("\n### {}\n\n| option | default | meaning |\n|---|---|---|\n", section.heading);
    for (const auto* each : section.rows) text += option_row(*each);
    if (!section.notes.empty()) text += "\n";
    for (const auto each : section.notes) text += wrapped(each, "  ");
  }
  return text;
}

std::string environment() {
  auto text = "\n## Environment\n\n" + wrapped(variables_of_options()) +
              "\n| variable | set by | used for |\n|---|---|---|\n";
  for (const auto& each : outside_variables())
    text += fmt::format("| {} | {} | {} |\n", marked_list(each.names), each.set_by, each.used_for);
  return text;
}

std::string endings() {
  std::string text =
      "\n## Signals\n\nTo the master. Workers are told by the master.\n\n"
      "| signal | does |\n|---|---|\n";
  for (const auto& each : all_signals())
    text += fmt::format("| {} | {} |\n", each.names, each.effect);
  text += "\n" + wrapped(graceful_stop()) + "\n## Exit codes\n\n| code | when |\n|---|---|\n";
  for (const auto& each : all_exit_codes())
    text += fmt::format("| {} | {} |\n", each.code, each.when);
  return text;
}

}  // namespace

std::string markdown_page(const std::string& program, const std::vector<service_entry>& services,
                          bool own) {
  const auto head =
      own ? fmt::format("# {}\n\n", program)
          : fmt::format("# Reference\n\n<!-- printed: {} manual markdown > docs/reference.md -->\n",
                        program) +
                wrapped(
                    "What the program takes: commands, services, options, environment, "
                    "signals, exit codes. The program prints this page from its own tables. "
                    "The same as man pages: `samjoko manual 1 | man -l -`, `samjoko manual 5 | "
                    "man -l -`. A program of yours has the same options, less those that "
                    "concern services that it does not have: `my_server help`.") +
                "\nHow to run a server with them: [operating](operating.md). How to write a "
                "service: [guide](guide.md).\n\n";
  return head + commands(own) + (own ? "" : services_of(services)) + options(services) +
         environment() + endings();
}

}  // namespace samjoko::cli

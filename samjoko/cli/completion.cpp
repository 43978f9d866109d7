#include <samjoko/cli/completion.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/commands.hpp>
#include <samjoko/cli/option.hpp>

namespace samjoko::cli {
namespace {

/// A name for functions: in a shell it has letters, digits and underscores.
std::string function_name(const std::string& program) {
  std::string name = "_";
  for (const char each : program)
    name += std::isalnum(static_cast<unsigned char>(each)) ? each : '_';
  return name;
}

std::string one_line(std::string_view text) {
  std::string made(text);
  std::ranges::replace(made, '\n', ' ');
  return made;
}

std::string names_of_services(const std::vector<service_entry>& services) {
  std::string names;
  for (const auto& each : services) names += (names.empty() ? "" : " ") + each.name;
  return names;
}

/// "serve|print-config": the commands that take options, to tell them from others.
std::string commands_with_options() {
  std::string names;
  for (const auto& each : all_commands()) {
    if (each.takes_options) names += fmt::format("{}{}", names.empty() ? "" : "|", each.name);
  }
  return names;
}

std::string bash_values(const option& which) {
  if (!which.choices.empty()) return fmt::format("-W '{}'", fmt::join(which.choices, " "));
  if (which.kind == "FILE") return "-f";
  if (which.kind == "USER" || which.kind == "OWNER") return "-u";
  return which.kind == "GROUP" ? "-g" : "-W ''";
}

std::string bash(const std::string& program, const std::vector<service_entry>& services, bool own) {
  std::string options, values, commands;
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    options += fmt::format(" --{}", each.name);
    if (is_switch(each)) continue;
    const auto letter = each.letter == 0 ? "" : fmt::format("|-{}", each.letter);
    values += fmt::format("    --{}{}) complete_by {}; return ;;\n", each.name, letter,
                          bash_values(each));
  }
  for (const auto& each : all_commands()) commands += fmt::format(" {}", each.name);
  return fmt::format(R"(# Completion of {0} for bash; made by: {0} completion bash
{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  complete_by() {{ mapfile -t COMPREPLY < <(compgen "$@" -- "$word"); }}
  if [[ $word == = ]]; then word=
  elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi
  case $before in
{2}  esac
  if [[ $word == -* ]]; then complete_by -W '--help{3}'
  elif ((COMP_CWORD == 1)); then complete_by -W '{4}'
  else case ${{COMP_WORDS[1]}} in
    {5}) if ((COMP_CWORD == 2)); then complete_by -W '{6}'; else complete_by -f; fi ;;
    check) complete_by -f ;;
    completion) complete_by -W 'bash zsh fish' ;;
    manual) complete_by -W '1 5 markdown' ;;
  esac; fi
}}
complete -o filenames -F {1} {0}
)",
                     program, function_name(program), values, options, commands.substr(1),
                     commands_with_options(), own ? "" : names_of_services(services));
}

/// Brackets and colons have a meaning in a specification of _arguments.
std::string for_zsh(std::string_view text) {
  std::string made;
  for (const char each : one_line(text)) {
    if (each == '[' || each == ']' || each == ':' || each == '\\') made += '\\';
    if (each == '\'') made += "'\\'";
    made += each;
  }
  return made;
}

std::string zsh_values(const option& which) {
  if (!which.choices.empty()) return fmt::format("({})", fmt::join(which.choices, " "));
  if (which.kind == "FILE") return "_files";
  if (which.kind == "USER" || which.kind == "OWNER") return "_users";
  return which.kind == "GROUP" ? "_groups" : " ";
}

std::string zsh(const std::string& program, const std::vector<service_entry>& services, bool own) {
  std::string options, commands;
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    options +=
        fmt::format("    '{}--{}[{}]{}'\n", each.repeats ? "*" : "", each.name, for_zsh(each.help),
                    is_switch(each) ? "" : fmt::format(":{}:{}", each.kind, zsh_values(each)));
  }
  for (const auto& each : all_commands())
    commands += fmt::format("    '{}:{}'\n", each.name, for_zsh(summary_of(each, own)));
  return fmt::format(R"(#compdef {0}
# Completion of {0} for zsh; made by: {0} completion zsh
{1}() {{
  local -a commands options
  commands=(
{2}  )
  options=(
{3}  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then _describe command commands; return; fi
  case $words[2] in
    check) _files ;;
    completion) compadd bash zsh fish ;;
    manual) compadd 1 5 markdown ;;
    {4}|-*) _arguments -s $options '2:service:({5})' '*:file:_files' ;;
  esac
}}
if [[ $funcstack[1] == {1} ]]; then {1} "$@"; else compdef {1} {0}; fi
)",
                     program, function_name(program), commands, options, commands_with_options(),
                     own ? "" : names_of_services(services));
}

/// Within single quotes of fish.
std::string for_fish(std::string_view text) {
  std::string made;
  for (const char each : one_line(text)) {
    if (each == '\'' || each == '\\') made += '\\';
    made += each;
  }
  return made;
}

std::string fish(const std::string& program, const std::vector<service_entry>& services, bool own) {
  auto text = fmt::format("# Completion of {0} for fish; made by: {0} completion fish\n", program);
  for (const auto& each : all_commands())
    text += fmt::format("complete -c {} -n __fish_use_subcommand -f -a {} -d '{}'\n", program,
                        each.name, for_fish(summary_of(each, own)));
  for (const auto& each : services) {
    if (!own)
      text += fmt::format("complete -c {} -n '__fish_seen_subcommand_from serve' -a {} -d '{}'\n",
                          program, each.name, for_fish(each.summary));
  }
  for (const auto& each : all_options()) {
    if (!can_concern_any(each, services)) continue;
    text += fmt::format(
        "complete -c {} -l {}{}{} -d '{}'\n", program, each.name,
        is_switch(each)       ? ""
        : each.kind == "FILE" ? " -r"
                              : " -x",
        each.choices.empty() ? "" : fmt::format(" -a '{}'", fmt::join(each.choices, " ")),
        for_fish(each.help));
  }
  return text;
}

}  // namespace

std::string completion_for(std::string_view shell, const std::string& program,
                           const std::vector<service_entry>& services, bool own) {
  if (shell == "bash") return bash(program, services, own);
  if (shell == "zsh") return zsh(program, services, own);
  return shell == "fish" ? fish(program, services, own) : "";
}

}  // namespace samjoko::cli

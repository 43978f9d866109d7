#include <samjoko/cli/commands.hpp>

#include <fmt/format.h>

#include <samjoko/cli/units.hpp>
#include <string>

namespace samjoko::cli {

const std::vector<command_entry>& all_commands() {
  static const std::vector<command_entry> all{
      {.name = "serve",
       .usage = "[SERVICE [ARGS]]",
       .summary = "serve until stopped by a signal; without SERVICE those of --config FILE",
       .own_summary = "serve until stopped by a signal",
       .takes_options = true},
      {.name = "check",
       .usage = "FILE [SERVICE [ARGS]]",
       .own_usage = "FILE",
       .summary = "say everything that is wrong with a configuration, or what it would serve"},
      {.name = "print-config",
       .usage = "[SERVICE [ARGS]]",
       .summary = "print all that would hold for serve, and where each value comes from",
       .takes_options = true},
      {.name = "status", .summary = "groups, workers and connections of a running server"},
      {.name = "deaths",
       .usage = "[N]",
       .own_usage = "[N]",
       .summary = "how processes of it ended, the newest last; all of death N, with its stack"},
      {.name = "scale",
       .usage = "N [--group NAME]",
       .own_usage = "N [--group NAME]",
       .summary = "so many workers are wanted"},
      {.name = "reset-failed",
       .usage = "[--group NAME]",
       .own_usage = "[--group NAME]",
       .summary = "start workers again that were given up"},
      {.name = "stop",
       .usage = "[--now] [--wait]",
       .own_usage = "[--now] [--wait]",
       .summary = "stop it, when clients are done or at once"},
      {.name = "reopen-logs", .summary = "as the signal USR1"},
      {.name = "completion",
       .usage = "bash|zsh|fish",
       .own_usage = "bash|zsh|fish",
       .summary = "print a script by which that shell completes what one types"},
      {.name = "manual",
       .usage = "[1|5|markdown]",
       .own_usage = "[1|5|markdown]",
       .summary = "print a page of the manual, to be read by man -l, or all as Markdown"},
      {.name = "version", .summary = "print the version"},
      {.name = "help", .summary = "print how it is used, and all options"},
  };
  return all;
}

std::string_view usage_of(const command_entry& which, bool own) {
  return own ? which.own_usage : which.usage;
}

std::string_view summary_of(const command_entry& which, bool own) {
  return own && !which.own_summary.empty() ? which.own_summary : which.summary;
}

std::string names_of_commands() {
  std::string text;
  const auto& all = all_commands();
  for (std::size_t n = 0; n < all.size(); ++n) {
    text += n == 0 ? "" : n + 1 == all.size() ? " or " : ", ";
    text += all[n].name;
  }
  return text;
}

std::string unknown_command(std::string_view word) {
  std::vector<std::string> names;
  for (const auto& each : all_commands()) names.emplace_back(each.name);
  const auto near = nearest(word, names);
  return fmt::format(
      "there is no command '{}' ({})", word,
      near.empty() ? "write " + names_of_commands() : fmt::format("did you mean {}?", near));
}

}  // namespace samjoko::cli

#include <samjoko/cli/commands.hpp>

#include <string>

namespace samjoko::cli {

const std::vector<command_entry>& all_commands() {
  static const std::vector<command_entry> all{
      {.name = "serve",
       .usage = "[SERVICE [ARGS]]",
       .summary = "serve until stopped by a signal; without SERVICE those of --config FILE",
       .takes_options = true},
      {.name = "check",
       .usage = "FILE [SERVICE [ARGS]]",
       .own_usage = "FILE",
       .summary = "say everything that is wrong with a configuration, or what it would serve"},
      {.name = "print-config",
       .usage = "[SERVICE [ARGS]]",
       .summary = "print all that would hold for serve, and where each value comes from",
       .takes_options = true},
      {.name = "status",
       .usage = "[--json]",
       .own_usage = "[--json]",
       .summary = "what a running server does"},
      {.name = "deaths",
       .usage = "[--json]",
       .own_usage = "[--json]",
       .summary = "how its processes ended, the latest last"},
      {.name = "scale",
       .usage = "N [--group NAME]",
       .own_usage = "N [--group NAME]",
       .summary = "how many workers it has"},
      {.name = "unpark",
       .usage = "[--group NAME]",
       .own_usage = "[--group NAME]",
       .summary = "start again what was given up"},
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
       .usage = "[1|5]",
       .own_usage = "[1|5]",
       .summary = "print a page of the manual; read it by: man -l"},
      {.name = "version", .summary = "print the version"},
      {.name = "help", .summary = "print this text"},
  };
  return all;
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

}  // namespace samjoko::cli

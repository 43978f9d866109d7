#include <samjoko/cli/commands.hpp>

#include <string>

namespace samjoko::cli {

const std::vector<command_entry>& all_commands() {
  static const std::vector<command_entry> all{
      {.name = "serve",
       .usage = "SERVICE [ARGS]",
       .summary = "serve until stopped by a signal",
       .takes_options = true},
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

#include <samjoko/cli/help.hpp>

#include <fmt/format.h>

#include <samjoko/cli/client_command.hpp>

namespace samjoko::cli {

std::string help_head(const std::string& program, const std::vector<service_entry>& services,
                      bool own) {
  if (own) return fmt::format("usage: {0} [options]\n       {0} version | help\n", program);
  auto text = fmt::format(
      "usage: {0} serve SERVICE [ARGS] [options]\n       {0} version | help\n\nServices:\n",
      program);
  for (const auto& each : services)
    text += fmt::format("  {:<32}{}\n", each.name + (each.usage.empty() ? "" : " " + each.usage),
                        each.summary);
  return text;
}

std::string help_foot(const std::string& program, bool own) {
  return client_command_help(program) + fmt::format(R"(
One program, three models, on three ports:
  {}{} -l :8001,model=process -l :8002,model=thread,spawn=each -l :8003
Signals to the master: TERM, INT stop when clients are done, QUIT at once, USR1 reopen the log.
)",
                                                    program, own ? "" : " serve files DIR");
}

}  // namespace samjoko::cli

#include <samjoko/cli/run.hpp>

#include <samjoko/cli/say.hpp>
#include <samjoko/cli/wire.hpp>

namespace samjoko {

int run(int argc, char** argv, const service& own) {
  const std::vector<cli::service_entry> only{{.name = own.name, .usage = "", .summary = ""}};
  const auto wanted = cli::parse_command_line(argc, argv, only, true);
  if (!wanted.serve) return cli::say(wanted);
  if (!wanted.serve->arguments.empty())
    return cli::say({.serve = {},
                     .print = own.name + ": it takes no argument (try help)\n",
                     .exit_code = cli::exit_usage});
  return cli::serve(*wanted.serve, own);
}

}  // namespace samjoko

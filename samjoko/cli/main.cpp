// The program: parse, make the service, serve. From here: cli/wire.cpp, then serve/ or
// supervise/master.cpp.
#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/say.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/wire.hpp>

namespace cli = samjoko::cli;

int main(int argc, char** argv) {
  if (const auto code = cli::run_client_command(argc, argv)) return *code;
  const auto wanted = cli::parse_command_line(argc, argv, cli::catalog(), false);
  if (!wanted.serve) return cli::say(wanted);
  const auto service = cli::make_service(*wanted.serve);
  if (!service)
    return cli::say(
        {.serve = {},
         .print = "samjoko: " + cli::in_words(service.error()) + " (try 'samjoko help')\n",
         .exit_code = cli::exit_usage});
  return cli::serve(*wanted.serve, *service);
}

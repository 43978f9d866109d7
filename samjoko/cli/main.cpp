// The program: parse, make the services, serve. From here: cli/wire.cpp, then serve/ or
// supervise/master.cpp.
#include <unistd.h>
#include <samjoko/cli/catalog.hpp>
#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/print.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/wire.hpp>
#include <samjoko/os/output.hpp>
#include <samjoko/os/process_title.hpp>

namespace cli = samjoko::cli;

int main(int argc, char** argv) {
  samjoko::os::keep_standard_open();
  if (const auto code = cli::run_client_command(argc, argv)) return *code;
  auto wanted = cli::parse_command_line(argc, argv, cli::catalog(), false, environ);
  if (wanted.serve.empty()) return cli::print("samjoko", wanted);
  std::vector<cli::offer> offers;
  for (auto& each : wanted.serve) {
    auto made = cli::make_service(each);
    if (!made)
      return cli::print("samjoko", {.serve = {},
                                    .print = "samjoko: " + cli::in_words(made.error()) +
                                             " (try 'samjoko help')\n",
                                    .exit_code = cli::exit_usage});
    offers.push_back({.options = std::move(each), .offered = std::move(*made)});
  }
  samjoko::os::give_arguments_away("samjoko");
  return cli::serve(offers);
}

#include <samjoko/cli/run.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/say.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/wire.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko {
namespace {

result<void> takes_no_arguments(const cli::serve_options& options) {
  if (options.arguments.empty()) return {};
  return failure(condition::bad_argument, "arguments",
                 fmt::format("'{}' is not expected here", options.arguments.front()));
}

int serve_own(cli::serve_options options, const service& own) {
  const cli::offer only{.options = std::move(options), .offered = own};
  return cli::serve(std::span(&only, 1));
}

}  // namespace

int run(int argc, char** argv, const service& own) {
  os::keep_standard_open();
  if (const auto code = cli::run_client_command(argc, argv)) return *code;
  const std::vector<cli::service_entry> only{{.name = own.name,
                                              .usage = "",
                                              .summary = "",
                                              .uses_hub = own.uses_hub,
                                              .check = takes_no_arguments}};
  auto wanted = cli::parse_command_line(argc, argv, only, true, environ);
  if (wanted.serve.empty()) return cli::say(own.name, wanted);
  return serve_own(std::move(wanted.serve.front()), own);
}

int run(const cli::serve_options& options, const service& own) {
  auto resolved = options;
  resolved.service = own.name;
  if (resolved.listen.empty()) resolved.listen.push_back(cli::default_listener());
  const auto checked = cli::check_listeners(resolved.listen, resolved.placed);
  if (checked) return serve_own(std::move(resolved), own);
  return cli::say(own.name, {.serve = {},
                             .print = own.name + ": " + cli::in_words(checked.error()) + "\n",
                             .exit_code = cli::exit_usage});
}

}  // namespace samjoko

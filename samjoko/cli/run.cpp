#include <samjoko/cli/run.hpp>

#include <unistd.h>

#include <samjoko/cli/client_command.hpp>
#include <samjoko/cli/http_settings.hpp>
#include <samjoko/cli/own_service.hpp>
#include <samjoko/cli/print.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/wire.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko {
namespace {

int refuse(const service& own, const error& wrong) {
  return cli::print(own.name, {.serve = {},
                               .print = own.name + ": " + cli::in_words(wrong) + "\n",
                               .exit_code = cli::exit_usage});
}

int serve_own(cli::serve_options options, const service& own) {
  auto made = cli::with_limits(own, options);
  if (!made) return refuse(own, made.error());
  const cli::offer only{.options = std::move(options), .offered = std::move(*made)};
  return cli::serve(std::span(&only, 1));
}

}  // namespace

int run(int argc, char** argv, const service& own) {
  os::keep_standard_open();
  if (const auto code = cli::run_client_command(argc, argv)) return *code;
  auto wanted = cli::parse_command_line(argc, argv, {cli::entry_of(own)}, true, environ);
  if (wanted.serve.empty()) return cli::print(own.name, wanted);
  if (auto checked = cli::check_service(own); !checked) return refuse(own, checked.error());
  return serve_own(std::move(wanted.serve.front()), own);
}

int run(const cli::serve_options& options, const service& own) {
  auto resolved = options;
  resolved.service = own.name;
  if (resolved.listen.empty()) resolved.listen.push_back(cli::default_listener());
  if (own.http && resolved.http == cli::http_settings{})
    resolved.http = cli::http_settings_of(*own.http);
  auto checked = cli::check_service(own);
  if (checked) checked = cli::check_listeners(resolved.listen, resolved.placed);
  if (checked) checked = cli::settle_data(resolved, own);
  return checked ? serve_own(std::move(resolved), own) : refuse(own, checked.error());
}

}  // namespace samjoko

#include <samjoko/cli/run.hpp>

#include <fmt/format.h>

#include <samjoko/cli/say.hpp>
#include <samjoko/cli/units.hpp>
#include <samjoko/cli/wire.hpp>

namespace samjoko {

int run(int argc, char** argv, const service& own) {
  const std::vector<cli::service_entry>
      only{.name = own.name, .usage = "", .summary = "", .uses_hub = own.uses_hub}
};
const auto wanted = cli::parse_command_line(argc, argv, only, true);
if (!wanted.serve) return cli::say(wanted);
if (!wanted.serve->arguments.empty())
  return cli::say({.serve = {},
                   .print = fmt::format("{0}: '{1}' is not expected here (try '{0} help')\n",
                                        own.name, wanted.serve->arguments.front()),
                   .exit_code = cli::exit_usage});
return cli::serve(*wanted.serve, own);
}

int run(const cli::serve_options& options, const service& own) {
  auto resolved = options;
  resolved.service = own.name;
  if (resolved.listen.empty()) resolved.listen.push_back(cli::default_listener());
  const auto checked = cli::check_listeners(resolved.listen, resolved.placed);
  if (checked) return cli::serve(resolved, own);
  return cli::say({.serve = {},
                   .print = own.name + ": " + cli::in_words(checked.error()) + "\n",
                   .exit_code = cli::exit_usage});
}

}  // namespace samjoko

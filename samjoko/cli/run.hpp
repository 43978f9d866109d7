#pragma once
// Charter: the whole command line around a service of your own.

#include <samjoko/service/handler.hpp>

namespace samjoko {
namespace cli {
struct serve_options;
}

/// `program [serve] [--listen ADDRESS]… [--model …] …`, `program help`, `program version`. Forks a
/// master and its workers, and returns when the service has stopped, with the exit code of the
/// program: 0 clean, 2 usage, 3 could not start, 125 asked not to be restarted. Call it from main,
/// before any thread.
[[nodiscard]] int run(int argc, char** argv, const service& own);

/// The same by data instead of a command line (include samjoko/cli/options.hpp): where to listen,
/// by which model each listener's clients are served, and all limits. What is not set has the
/// default of the command line. `options.http` as a whole, when anything of it is set, replaces the
/// limits that an HTTP service was made with. A choice that is not possible is exit code 2 and a
/// sentence, as on the command line.
[[nodiscard]] int run(const cli::serve_options& options, const service& own);

}  // namespace samjoko

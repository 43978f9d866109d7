#pragma once
// Charter: the composition root: the only file that sees everything. From what was asked for it
// makes the service, opens the listeners, and puts a model into each worker under a master.

#include <samjoko/cli/options.hpp>
#include <samjoko/serve/handler.hpp>

namespace samjoko::cli {

/// Runs until the service has stopped; the exit code of the program.
[[nodiscard]] int serve(const serve_options& options, const service& offered);

}  // namespace samjoko::cli

#pragma once
// Charter: the composition root: the only file that sees everything. From what was asked for it
// opens the listeners and puts a model into each worker under a master.

#include <samjoko/cli/options.hpp>
#include <samjoko/serve/handler.hpp>
#include <span>

namespace samjoko::cli {

/// A service, and how it is to be served.
struct offer {
  serve_options options;
  service offered;
};

/// Runs until all services have stopped; the exit code of the program. At least one; what holds for
/// the whole program is taken from the first.
[[nodiscard]] int serve(std::span<const offer> offers);

}  // namespace samjoko::cli

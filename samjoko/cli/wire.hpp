#pragma once
// Charter: the composition root: the only file that sees everything. It opens the listeners that
// were asked for and puts a model into each worker under a master.

#include <samjoko/cli/options.hpp>
#include <samjoko/service/handler.hpp>
#include <span>

namespace samjoko::cli {

/// A service, and how it is to be served.
struct offer {
  serve_options options;
  service offered;
};

/// Runs until all services have stopped; returns the exit code of the program. There is at least
/// one offer; the options of the whole program are taken from the first.
[[nodiscard]] int serve(std::span<const offer> offers);

}  // namespace samjoko::cli

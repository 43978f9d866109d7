#pragma once
// Charter: from all that was said to what holds, for each service of the program: built-in, below
// what a file says, below the environment, below the command line. Pure: nothing is opened.

#include <samjoko/cli/statement.hpp>
#include <vector>

namespace samjoko::cli {

/// One service that is to be served: the one of the command line, or a [[service]] of a file.
struct wanted_service {
  std::string run;   ///< what is served
  std::string name;  ///< for people; empty: as `run`
  std::vector<std::string> arguments;
  std::vector<statement> said;  ///< of it alone
  origin where;                 ///< of its section
  origin run_where;             ///< of what it runs
};

struct everything_said {
  std::vector<wanted_service> services;
  std::vector<statement> file;  ///< above all sections: for each service that does not say its own
  std::vector<statement> environment;
  std::vector<statement> flags;
};

struct decided_service {
  serve_options options;
  /// For each option of the table, in its order, what decided it; nothing: the default holds.
  std::vector<std::vector<const statement*>> by;
};

struct decision {
  std::vector<decided_service> services;
  /// Everything that is wrong. Empty: `services` are good.
  std::vector<problem> problems;
};

/// `known`: what can be run. Pointers lead into `said`.
[[nodiscard]] decision decide(const everything_said& said, const std::vector<service_entry>& known);

}  // namespace samjoko::cli

#pragma once
// Charter: decides from all settings what holds for each service of the program. The order:
// built-in, below the file, below the environment, below the command line. Pure: nothing is opened.

#include <samjoko/cli/setting.hpp>
#include <vector>

namespace samjoko::cli {

/// One service to serve: that of the command line, or a [[service]] of a file.
struct wanted_service {
  std::string run;   ///< what is served
  std::string name;  ///< for people; empty: as `run`
  std::vector<std::string> arguments;
  std::vector<setting> said;  ///< for this service alone
  origin where;               ///< of its section
  origin run_where;           ///< of what it runs
};

struct everything_said {
  std::vector<wanted_service> services;
  std::vector<setting> file;  ///< above all sections: for each service that does not say its own
  std::vector<setting> environment;
  std::vector<setting> flags;
};

struct decided_service {
  serve_options options;
  /// For each option of the table, in its order, the settings that decided it; none: the default
  /// holds.
  std::vector<std::vector<const setting*>> by;
};

struct decision {
  std::vector<decided_service> services;
  /// All errors. Empty: `services` are good.
  std::vector<problem> problems;
};

/// `known`: what can be run. Pointers lead into `said`.
[[nodiscard]] decision resolve(const everything_said& said,
                               const std::vector<service_entry>& known);

}  // namespace samjoko::cli

#pragma once
// Charter: the settings of the environment about options: SAMJOKO_IDLE_TIMEOUT=10s.

#include <samjoko/cli/setting.hpp>
#include <vector>

namespace samjoko::cli {

struct environment_said {
  std::vector<setting> said;
  std::vector<problem> problems;
};

/// `environment` as main has it (man 7 environ); null: empty. Every variable that begins with
/// SAMJOKO_ must name an option, except those that Kubernetes and Docker set in each container for
/// a service called samjoko (SAMJOKO_SERVICE_HOST, SAMJOKO_PORT_7000_TCP …): they are not ours. An
/// option that may be repeated takes several values, separated by spaces.
[[nodiscard]] environment_said read_environment(char** environment);

}  // namespace samjoko::cli

#pragma once
// Charter: what is to be served, as text: for `check`, and as a file for `print-config`.

#include <samjoko/cli/resolve.hpp>
#include <string>

namespace samjoko::cli {

/// "site: files /srv/www on :8080 by multiplex, 2 workers", a line for each group of workers.
[[nodiscard]] std::string describe_services(const std::vector<decided_service>& services);

/// All that holds, as a TOML file that would have the same effect, with the origin behind each
/// value. `known`: to leave out what a service would not use.
[[nodiscard]] std::string print_configuration(const std::vector<decided_service>& services,
                                              const std::vector<service_entry>& known);

}  // namespace samjoko::cli

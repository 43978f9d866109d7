#pragma once
// Charter: the pages of the manual, made from the tables of commands, services and options, in the
// language of man(7).

#include <samjoko/cli/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// `section`: 1, samjoko(1), the commands; 5, samjoko.toml(5), the configuration file. Empty for
/// another.
[[nodiscard]] std::string manual_page(std::string_view section,
                                      const std::vector<service_entry>& services);

}  // namespace samjoko::cli

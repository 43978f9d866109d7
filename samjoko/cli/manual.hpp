#pragma once
// Charter: the pages of the manual, made from the tables of commands, services, options, signals
// and exit codes: in the language of man(7), and all in one as Markdown (docs/reference.md).

#include <samjoko/cli/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// `section`: 1, samjoko(1), the commands; 5, samjoko.toml(5), the configuration file; markdown.
/// Empty for another. `own`: the program has one service of its own.
[[nodiscard]] std::string manual_page(std::string_view section, const std::string& program,
                                      const std::vector<service_entry>& services, bool own);

/// The page `markdown`.
[[nodiscard]] std::string markdown_page(const std::string& program,
                                        const std::vector<service_entry>& services, bool own);

}  // namespace samjoko::cli

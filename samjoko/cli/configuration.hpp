#pragma once
// Charter: a configuration file: read, parsed as TOML, and taken apart into statements about
// options and services. What they mean is decided elsewhere (decide.hpp).

#include <samjoko/cli/decide.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// Larger files are refused: no configuration is, and the parser's memory is bounded by it.
inline constexpr std::size_t most_configuration_size = 1 << 20;

struct configuration {
  std::vector<statement> top;            ///< above all sections
  std::vector<wanted_service> services;  ///< each [[service]]
  std::vector<problem> problems;         ///< in the order of the file
};

/// Never fails: what is wrong, also that the file cannot be read, is among the problems.
[[nodiscard]] configuration read_configuration(const std::string& path);
/// `name`: of the file, for the problems.
[[nodiscard]] configuration parse_configuration(std::string_view text, const std::string& name);

/// The TOML parser takes tables down by recursion and has no limit on the dots of a key; a line
/// with more dots than this outside of strings is refused. Arrays have a limit of the parser's.
inline constexpr unsigned most_dots_of_a_line = 8;
/// The first line with too many, from 1; 0: none.
[[nodiscard]] unsigned line_of_deep_key(std::string_view text);

}  // namespace samjoko::cli

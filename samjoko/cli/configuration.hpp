#pragma once
// Charter: a configuration file: read, parsed as TOML, and taken apart into settings about
// options and services. What they mean is decided elsewhere (resolve.hpp).

#include <samjoko/cli/resolve.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// Larger files are refused: no configuration is that large, and this limit bounds the parser's
/// memory.
inline constexpr std::size_t most_configuration_size = 1 << 20;

struct configuration {
  std::vector<setting> top;              ///< above all sections
  std::vector<wanted_service> services;  ///< each [[service]]
  std::vector<problem> problems;         ///< in the order of the file
};

/// Never fails: each error, also that the file cannot be read, is among the problems. "-" is
/// standard input, to its end.
[[nodiscard]] configuration read_configuration(const std::string& path);
/// `name`: the file's name, for the problems.
[[nodiscard]] configuration parse_configuration(std::string_view text, const std::string& name);

/// The line, from 1, that toml++ 3.3 cannot take; 0: there is none.
struct trap {
  unsigned line = 0;
  std::string_view why{};
};

/// Two faults of toml++ are checked before it sees a text. It takes tables down by recursion and
/// has no limit on the dots of a key, so that a long key overflows the stack: no line may have more
/// dots than this outside of strings. And it assumes that a key follows the brackets of a header:
/// `[[[`, `[=` are undefined behaviour.
inline constexpr unsigned most_dots_of_a_line = 8;
[[nodiscard]] trap find_trap(std::string_view text);

}  // namespace samjoko::cli

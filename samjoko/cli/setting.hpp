#pragma once
// Charter: a setting of an option, and its place, before it is parsed. The command line, the
// environment and a file are all turned into settings.

#include <samjoko/cli/option.hpp>
#include <string>

namespace samjoko::cli {

/// In the order in which they overrule one another: the last source wins.
enum class source : std::uint8_t { built_in, file, environment, flag };

struct origin {
  source from = source::built_in;
  std::string file{};  ///< its name as it was given
  unsigned line = 0;   ///< in a file, from 1
  unsigned column = 0;
};

struct setting {
  const option* what = nullptr;
  std::string text;
  origin where;
};

/// An error in one line.
struct problem {
  origin where;
  std::string text;
};

/// Problems of a file come first, in its order; then those of the environment and of the command
/// line.
[[nodiscard]] bool comes_before(const problem& one, const problem& other);

/// "site.toml:12:3: "; empty for a setting without a place.
[[nodiscard]] std::string place_of(const origin& where);
/// The option's name in its source: "--model", "SAMJOKO_MODEL", "site.toml:12:3: model".
[[nodiscard]] std::string called(const option& what, const origin& where);
/// Words of the command line as their source writes them: in a file without their dashes.
[[nodiscard]] std::string in_the_words_of(const origin& where, std::string words);

}  // namespace samjoko::cli

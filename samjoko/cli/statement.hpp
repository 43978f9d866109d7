#pragma once
// Charter: what somebody said about an option, and where, before it is understood. The command
// line, the environment and a file all come down to statements.

#include <samjoko/cli/option.hpp>
#include <string>

namespace samjoko::cli {

/// In the order in which they overrule one another: the last one wins.
enum class source : std::uint8_t { built_in, file, environment, flag };

struct origin {
  source from = source::built_in;
  std::string file{};  ///< its name as it was given
  unsigned line = 0;   ///< in a file, from 1
  unsigned column = 0;
};

struct statement {
  const option* what = nullptr;
  std::string text;
  origin where;
};

/// Something that is wrong, in one line.
struct problem {
  origin where;
  std::string text;
};

/// Those of a file in its order, before those of the environment and of the command line.
[[nodiscard]] bool comes_before(const problem& one, const problem& other);

/// "site.toml:12:3: ", empty for what has no place.
[[nodiscard]] std::string place_of(const origin& where);
/// How the option is called where it was said: "--model", "SAMJOKO_MODEL", "site.toml:12:3: model".
[[nodiscard]] std::string called(const option& what, const origin& where);
/// Words of the command line as they are said there: in a file without their dashes.
[[nodiscard]] std::string in_the_words_of(const origin& where, std::string words);

}  // namespace samjoko::cli

#pragma once
// Charter: options and commands that had another name in an earlier version. The old name is
// refused (a configuration that meant it would be half true), and the message names the new one.

#include <string>
#include <string_view>

namespace samjoko::cli {

/// The name that replaced `word`, in the same spelling: "--grown-after", "grown-after" and
/// SAMJOKO_GROWN_AFTER are one option. Empty: no earlier version knew that word.
[[nodiscard]] std::string present_name(std::string_view word);

}  // namespace samjoko::cli

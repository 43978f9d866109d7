#pragma once
// Charter: the version, as CMakeLists.txt has it (a test compares the two).

#include <string_view>

namespace samjoko::cli {

inline constexpr std::string_view version_text = "0.1.0";

}  // namespace samjoko::cli

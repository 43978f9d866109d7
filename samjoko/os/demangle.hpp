#pragma once
// Charter: the name of a C++ symbol as people write it.

#include <memory>

namespace samjoko::os {

struct free_text {
  void operator()(char* text) const noexcept;
};
using demangled_name = std::unique_ptr<char, free_text>;

/// Null when `name` is not a mangled one, or memory is out.
[[nodiscard]] demangled_name demangled(const char* name) noexcept;

}  // namespace samjoko::os

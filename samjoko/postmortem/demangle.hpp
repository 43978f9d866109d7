#pragma once
// Charter: the name of a C++ symbol as people write it.

#include <memory>

namespace samjoko::postmortem {

struct free_text {
  void operator()(char* text) const noexcept;
};
using demangled_name = std::unique_ptr<char, free_text>;

/// Null when `name` is not a mangled name, or when there is no memory.
[[nodiscard]] demangled_name demangled(const char* name) noexcept;

}  // namespace samjoko::postmortem

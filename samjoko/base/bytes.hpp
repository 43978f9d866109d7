#pragma once
// Charter: the vocabulary for bytes in memory: views that own nothing.

#include <cstddef>
#include <span>
#include <string_view>

namespace samjoko {

using bytes = std::span<const std::byte>;
using mutable_bytes = std::span<std::byte>;

[[nodiscard]] inline std::string_view as_text(bytes view) noexcept {
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}
[[nodiscard]] inline bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace samjoko

#pragma once
// Charter: "1 worker", "2 workers": a number and what it counts, for people.

#include <cstdint>
#include <string>
#include <string_view>

namespace samjoko {

/// The ending of a regular plural.
[[nodiscard]] constexpr std::string_view plural_ending(std::uint64_t count) noexcept {
  return count == 1 ? "" : "s";
}

/// `counted(2, "process", "processes")`; without `many` an s is put behind.
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view one,
                                         std::string_view many = {}) {
  auto text = std::to_string(count) + ' ';
  text += count == 1 || many.empty() ? one : many;
  if (many.empty()) text += plural_ending(count);
  return text;
}

}  // namespace samjoko

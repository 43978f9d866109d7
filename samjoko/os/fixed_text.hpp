#pragma once
// Charter: a short text inside a plain struct, for memory that processes share: no pointer, no
// allocation; what does not fit is cut. All zero is the empty text.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace samjoko::os {

template <std::size_t Room>
class fixed_text {
 public:
  static constexpr std::size_t room = Room;

  void assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint32_t>(std::min(text.size(), Room));
    std::memcpy(bytes_.data(), text.data(), size_);
  }
  /// The size is not trusted: the process that wrote it may have died at any instant.
  [[nodiscard]] std::string_view view() const noexcept {
    return {bytes_.data(), std::min<std::size_t>(size_, Room)};
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept { size_ = 0; }

 private:
  std::uint32_t size_ = 0;
  std::array<char, Room> bytes_{};
};

}  // namespace samjoko::os

#pragma once
// Charter: text to append to that is mostly short: the first bytes lie in the object itself, so
// that an answer of the usual size needs no heap, on a fresh thread neither.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace samjoko::web {

class brief_text {
 public:
  static constexpr std::size_t in_place = 384;

  brief_text& append(std::string_view more) {
    if (far_.empty() && size_ + more.size() <= in_place) {
      std::memcpy(near_.data() + size_, more.data(), more.size());
      size_ += more.size();
      return *this;
    }
    if (far_.empty()) far_.assign(near_.data(), size_);
    far_.append(more);
    return *this;
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return far_.empty() ? std::string_view(near_.data(), size_) : std::string_view(far_);
  }
  /// Makes it empty. What one unusual text needed is given back.
  void clear() noexcept {
    size_ = 0;
    if (!far_.empty()) far_ = std::string();
  }

 private:
  std::size_t size_ = 0;  ///< of the text in place; meaningless once the text is on the heap
  std::string far_;
  std::array<char, in_place> near_;  // NOLINT: written before it is read
};

}  // namespace samjoko::web

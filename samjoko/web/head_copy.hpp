#pragma once
// Charter: a copy of a request's head. The head's place is reused before its answer has been sent;
// with the copy the answer can be made anew when the file behind it changed meanwhile.

#include <array>
#include <memory>
#include <samjoko/task/frame_pool.hpp>
#include <string>
#include <string_view>

namespace samjoko::web {

class head_copy {
 public:
  explicit head_copy(std::string_view head) {  // NOLINT: room_ is written before it is read
    if (head.size() <= room_.size()) {
      size_ = head.copy(room_.data(), room_.size());
    } else {
      far_ = std::make_unique<std::string>(head);
    }
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return far_ ? std::string_view(*far_) : std::string_view(room_.data(), size_);
  }

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    frame_pool::release(memory, bytes);
  }

 private:
  static constexpr std::size_t whole = 1024;  ///< of the object: a size that the pool keeps

  std::unique_ptr<std::string> far_;  ///< a head that is too long for the room
  std::size_t size_ = 0;
  std::array<char, whole - sizeof(far_) - sizeof(size_)> room_;  // NOLINT: as above
};

}  // namespace samjoko::web

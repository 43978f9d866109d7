#pragma once
// Charter: answers on their way out: one block of the loop, borrowed at the first byte and given
// back when this object ends, so that many small answers leave in one write.

#include <samjoko/io/buffers.hpp>
#include <span>

namespace samjoko::web {

class output {
 public:
  explicit output(io::buffer_pool& pool) noexcept : pool_(pool) {}
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output() { release(); }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bytes text() const noexcept { return {block_, size_}; }
  /// Memory to write to; call added() afterwards.
  [[nodiscard]] std::span<char> room() {
    if (block_ == nullptr) block_ = pool_.take();
    return {reinterpret_cast<char*>(block_) + size_, io::buffer_pool::block_size - size_};
  }
  void added(std::size_t count) noexcept { size_ += count; }
  /// Forgets what was written behind the first `size` bytes.
  void cut(std::size_t size) noexcept { size_ = size; }
  void clear() noexcept { size_ = 0; }
  /// Gives the block back; nothing may be in it.
  void release() noexcept {
    if (block_ != nullptr) pool_.give_back(std::exchange(block_, nullptr));
    size_ = 0;
  }

 private:
  io::buffer_pool& pool_;
  std::byte* block_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace samjoko::web

#include <samjoko/io/buffers.hpp>

#include <cstring>
#include <new>
#include <samjoko/base/poison.hpp>

namespace samjoko::io {

buffer_pool::~buffer_pool() {
  while (free_ != nullptr) {
    auto* block = reinterpret_cast<std::byte*>(free_);
    free_ = free_->next;
    unpoison({block, block_size});
    if (block < lent_.data() || block >= lent_.data() + lent_.size()) ::operator delete(block);
  }
}

std::byte* buffer_pool::take_fresh() {
  if (fresh_.size() >= block_size) {
    auto* block = fresh_.data();
    fresh_ = fresh_.subspan(block_size);
    return block;
  }
  ++heap_requests_;
  return static_cast<std::byte*>(::operator new(block_size));
}

std::byte* buffer_pool::take() {
  if (free_ == nullptr) return take_fresh();
  auto* block = free_;
  free_ = block->next;
  auto* const bytes = reinterpret_cast<std::byte*>(block);
  unpoison({bytes, block_size});
  return bytes;
}

void buffer_pool::give_back(std::byte* block) noexcept {
  free_ = ::new (static_cast<void*>(block)) free_block{free_};
  poison(mutable_bytes(block, block_size).subspan(sizeof(free_block)));
}

}  // namespace samjoko::io

namespace samjoko {

void lease::compact() noexcept {
  if (begin_ == 0) return;
  std::memmove(block_, block_ + begin_, size());
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace samjoko

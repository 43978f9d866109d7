#pragma once
// Charter: the memory in which bytes arrive. A loop owns blocks of one size and lends them; a lease
// is the loan: move-only, it gives the block back when it goes out of scope. A client that waits in
// silence holds no block. Everything here belongs to one thread.

#include <cstddef>
#include <samjoko/base/bytes.hpp>
#include <utility>

namespace samjoko::io {

class buffer_pool {
 public:
  static constexpr std::size_t block_size = 16 * 1024;

  buffer_pool() noexcept = default;
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;
  ~buffer_pool();

  /// A block of block_size bytes, the most recently used one first.
  [[nodiscard]] std::byte* take();
  /// Code that reads the block afterwards is found: by the address sanitizer, or, in a build with
  /// checks, by reading 0xdd.
  void give_back(std::byte* block) noexcept;

  /// Lends the pool memory that it does not own, such as a part of the thread's own stack, for
  /// whole blocks; once. A block of it is not touched before it is needed.
  void lend(mutable_bytes memory) noexcept { lent_ = fresh_ = memory; }
  /// How often the heap was asked: constant in steady state.
  [[nodiscard]] std::size_t heap_requests() const noexcept { return heap_requests_; }

 private:
  [[nodiscard]] std::byte* take_fresh();

  struct free_block {
    free_block* next;
  };
  free_block* free_ = nullptr;
  mutable_bytes lent_;
  mutable_bytes fresh_;  ///< the part of it that was never taken
  std::size_t heap_requests_ = 0;
};

}  // namespace samjoko::io

namespace samjoko {

/// Bytes that were received, in a block that the loop owns.
class lease {
 public:
  lease() noexcept = default;
  lease(io::buffer_pool& pool, std::byte* block, std::size_t size) noexcept
      : pool_(&pool), block_(block), end_(static_cast<unsigned>(size)) {}
  lease(lease&& other) noexcept
      : pool_(other.pool_),
        block_(std::exchange(other.block_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      reset();
      pool_ = other.pool_;
      block_ = std::exchange(other.block_, nullptr);
      begin_ = std::exchange(other.begin_, 0);
      end_ = std::exchange(other.end_, 0);
    }
    return *this;
  }
  ~lease() { reset(); }

  [[nodiscard]] const std::byte* data() const noexcept { return block_ + begin_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] bytes view() const noexcept { return {data(), size()}; }
  // NOLINTNEXTLINE(google-explicit-constructor): a lease is read as the bytes it holds.
  operator bytes() const noexcept { return view(); }

  /// Drops bytes from the front.
  void consume(std::size_t count) noexcept { begin_ += static_cast<unsigned>(count); }
  void reset() noexcept {
    if (block_ != nullptr) pool_->give_back(std::exchange(block_, nullptr));
    begin_ = end_ = 0;
  }

  /// Takes the bytes of `other`, which is left empty; this lease has no block.
  void take_over(lease& other) noexcept {
    pool_ = other.pool_;
    block_ = std::exchange(other.block_, nullptr);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
  }

  // For code that fills it: the free tail, making room by moving the bytes to the front.
  [[nodiscard]] bool has_block() const noexcept { return block_ != nullptr; }
  void compact() noexcept;
  [[nodiscard]] mutable_bytes tail() noexcept {
    return {block_ + end_, io::buffer_pool::block_size - end_};
  }
  void extend(std::size_t count) noexcept { end_ += static_cast<unsigned>(count); }

 private:
  io::buffer_pool* pool_ = nullptr;
  std::byte* block_ = nullptr;
  unsigned begin_ = 0;
  unsigned end_ = 0;
};

}  // namespace samjoko

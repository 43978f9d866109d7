#pragma once
// Charter: an array of cells that parent and children see alike. Anonymous shared memory, so it has
// no name to leak and goes with the last process that maps it.

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <samjoko/base/result.hpp>

namespace samjoko::os {

/// Owns `count` cells of T, value-initialised, shared with every process forked later. Move-only;
/// the destructor unmaps in this process only. What T holds must be lock-free atomics (a lock held
/// by a process that dies stays held) or be written before the fork. A page of trivial cells costs
/// no memory before it is first used: the kernel's zeros are their value.
template <class T>
class shared_cells {
  static_assert(std::is_trivially_destructible_v<T>, "nobody runs destructors in shared memory");

 public:
  shared_cells() noexcept = default;
  /// Errors: ENOMEM.
  [[nodiscard]] static result<shared_cells> make(std::size_t count) {
    const auto size = count * sizeof(T);
    if (size == 0) return shared_cells();
    void* where = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (where == MAP_FAILED) return failure(errno, "mmap");
    auto* first = static_cast<T*>(where);
    if constexpr (!std::is_trivially_default_constructible_v<T>)
      std::uninitialized_value_construct_n(first, count);
    return shared_cells(first, count);
  }
  shared_cells(shared_cells&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  shared_cells& operator=(shared_cells&& other) noexcept {
    shared_cells moved(std::move(other));
    std::swap(first_, moved.first_);
    std::swap(count_, moved.count_);
    return *this;
  }
  ~shared_cells() {
    if (first_ != nullptr) ::munmap(first_, count_ * sizeof(T));
  }

  /// Processes forked from now on do not get them, which makes each fork a little cheaper (man 2
  /// madvise, MADV_DONTFORK): one that touches them all the same is ended by the kernel.
  void keep_from_children() const noexcept {
    if (first_ != nullptr) ::madvise(first_, count_ * sizeof(T), MADV_DONTFORK);
  }

  [[nodiscard]] std::span<T> cells() const noexcept { return {first_, count_}; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  shared_cells(T* first, std::size_t count) noexcept : first_(first), count_(count) {}

  T* first_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace samjoko::os

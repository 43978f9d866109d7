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

/// Whether the kernel's zeros are the value of a new T, so that nothing has to be written.
template <class T>
inline constexpr bool begins_as_zeros = std::is_trivially_default_constructible_v<T>;

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
    if constexpr (!begins_as_zeros<T>) std::uninitialized_value_construct_n(first, count);
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

  /// Processes forked from now on do not get the cells, which makes each fork a little cheaper (man
  /// 2 madvise, MADV_DONTFORK). The kernel ends a process that touches them all the same.
  void keep_from_children() const noexcept {
    if (first_ != nullptr) ::madvise(first_, count_ * sizeof(T), MADV_DONTFORK);
  }

  /// In a child that did not get the cells: what stands at their address by now is not ours to
  /// unmap.
  void forget() noexcept {
    first_ = nullptr;
    count_ = 0;
  }

  [[nodiscard]] std::span<T> cells() const noexcept { return {first_, count_}; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  shared_cells(T* first, std::size_t count) noexcept : first_(first), count_(count) {}

  T* first_ = nullptr;
  std::size_t count_ = 0;
};

/// One T for each of a number of processes, on pages of its own, so that each process can give up
/// the others' for good: anonymous memory that was unmapped cannot be had back (man 2 munmap).
/// Zeros are the value of a new T.
template <class T>
class slot_cells {
  static_assert(std::is_trivially_destructible_v<T>, "nobody runs destructors in shared memory");

 public:
  slot_cells() noexcept = default;
  /// Errors: ENOMEM.
  [[nodiscard]] static result<slot_cells> make(std::size_t count) {
    if (count == 0) return slot_cells();
    void* where =
        ::mmap(nullptr, count * room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (where == MAP_FAILED) return failure(errno, "mmap");
    slot_cells made;
    made.base_ = static_cast<std::byte*>(where);
    made.count_ = made.end_ = count;
    return made;
  }
  slot_cells(slot_cells&& other) noexcept { swap(other); }
  slot_cells& operator=(slot_cells&& other) noexcept {
    slot_cells moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~slot_cells() { unmap(first_, end_); }

  [[nodiscard]] T& at(std::size_t slot) const noexcept {
    return *reinterpret_cast<T*>(base_ + slot * room);
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// From now on this process has the cell of this slot, and of no other.
  void keep_only(std::size_t slot) noexcept {
    if (slot < first_ || slot >= end_) return;
    unmap(first_, slot);
    unmap(slot + 1, end_);
    first_ = slot;
    end_ = slot + 1;
  }

 private:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t room = (sizeof(T) + page - 1) / page * page;

  void unmap(std::size_t from, std::size_t to) const noexcept {
    if (base_ != nullptr && from < to) ::munmap(base_ + from * room, (to - from) * room);
  }
  void swap(slot_cells& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(count_, other.count_);
    std::swap(first_, other.first_);
    std::swap(end_, other.end_);
  }

  std::byte* base_ = nullptr;
  std::size_t count_ = 0;
  std::size_t first_ = 0;  ///< the first slot that this process has
  std::size_t end_ = 0;
};

}  // namespace samjoko::os

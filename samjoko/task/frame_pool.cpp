#include <samjoko/task/frame_pool.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <samjoko/base/check.hpp>

namespace samjoko {
namespace {

struct free_frame {
  free_frame* next;
};

/// Constant-initialised and trivially destructible, so that access needs no guard (no TLS wrapper).
struct thread_frames {
  std::array<free_frame*, frame_pool::largest / frame_pool::granule + 1> free{};
  std::byte* lent = nullptr;
  std::byte* lent_free_end = nullptr;  ///< taken from the top down
  std::byte* lent_end = nullptr;
  frame_watcher* watcher = nullptr;
  std::size_t heap_requests = 0;
};

constinit thread_local thread_frames frames;

constexpr std::size_t class_of(std::size_t size) noexcept {
  return (size + frame_pool::granule - 1) / frame_pool::granule;
}

void* allocate_fresh(std::size_t size) {
  const auto room = static_cast<std::size_t>(frames.lent_free_end - frames.lent);
  if (size <= room) return frames.lent_free_end -= size;
  ++frames.heap_requests;
  return ::operator new(size);
}

bool is_lent(const void* memory) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  return at >= reinterpret_cast<std::uintptr_t>(frames.lent) &&
         at < reinterpret_cast<std::uintptr_t>(frames.lent_end);
}

}  // namespace

void* frame_pool::allocate(std::size_t size) {
  // Under the address sanitizer each frame is a heap block of its own, so that it can be poisoned.
  if (address_sanitizer || size > largest) {
    ++frames.heap_requests;
    return ::operator new(size);
  }
  auto*& head = frames.free[class_of(size)];
  if (head == nullptr) return allocate_fresh(class_of(size) * granule);
  void* memory = head;
  head = head->next;
  return memory;
}

void frame_pool::release(void* frame, std::size_t size) noexcept {
  if (frames.watcher != nullptr) frames.watcher->frame_released(frame, size);
  if (address_sanitizer || size > largest) return ::operator delete(frame);
  auto*& head = frames.free[class_of(size)];
  head = ::new (frame) free_frame{head};
}

void frame_pool::drain() noexcept {
  for (auto*& head : frames.free) {
    while (head != nullptr) {
      auto* memory = head;
      head = head->next;
      if (!is_lent(memory)) ::operator delete(memory);
    }
  }
  frames.lent = frames.lent_free_end = frames.lent_end = nullptr;
}

void frame_pool::lend(void* memory, std::size_t size) noexcept {
  SAMJOKO_CHECK(frames.lent == nullptr, "a thread lends its frame pool one block at a time");
  if (std::align(alignof(std::max_align_t), granule, memory, size) == nullptr) return;
  frames.lent = static_cast<std::byte*>(memory);
  frames.lent_free_end = frames.lent_end = frames.lent + size / granule * granule;
}

void frame_pool::watch(frame_watcher* watcher) noexcept { frames.watcher = watcher; }

std::size_t frame_pool::heap_requests() noexcept { return frames.heap_requests; }

}  // namespace samjoko

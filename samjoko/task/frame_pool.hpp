#pragma once
// Charter: memory for coroutine frames and other short-lived small objects, reused per thread so
// that a request in steady state allocates nothing. A frame must be released on the thread that
// allocated it: tasks never change threads.

#include <cstddef>

namespace samjoko {

/// Is told of each frame that is released; the simulated loop uses it to find an operation that
/// outlives the frame it lives in. One per thread, or none.
class frame_watcher {
 public:
  virtual void frame_released(const void* frame, std::size_t size) noexcept = 0;

 protected:
  ~frame_watcher() = default;
};

class frame_pool {
 public:
  static constexpr std::size_t granule = 64;
  /// Larger frames go to operator new. Each granule costs a pointer in each thread's own storage,
  /// which shall lie on one page with what the C library keeps there: a fork copies it twice.
  static constexpr std::size_t largest = 3072;

  [[nodiscard]] static void* allocate(std::size_t size);
  static void release(void* frame, std::size_t size) noexcept;

  /// Gives this thread's free frames back. Called before a thread ends.
  static void drain() noexcept;

  /// Lets the pool carve frames out of `size` bytes at `memory`, from the end on, before it asks
  /// the heap: a thread's own stack, so that an idle client dirties no heap page. `memory` must
  /// outlive all frames; drain() ends it.
  static void lend(void* memory, std::size_t size) noexcept;

  static void watch(frame_watcher* watcher) noexcept;
  /// How often this thread asked the heap: constant in steady state.
  [[nodiscard]] static std::size_t heap_requests() noexcept;
};

}  // namespace samjoko

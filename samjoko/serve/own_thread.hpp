#pragma once
// Charter: what a thread that serves clients by blocking has: its loop, with the first two blocks
// (what came, and what goes out) and the first frames on its own stack, so that a client who waits
// in silence dirties no page of the heap and few of the stack, and an answer of the usual size
// needs no heap either: the first allocation of a fresh thread costs more than the whole request.
// Frames are taken from the top down, beside the thread's own data; of a block short messages dirty
// only the beginning, that of the first beside the loop and the calls below.

#include <array>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/os/activity.hpp>
#include <samjoko/task/frame_pool.hpp>

namespace samjoko::serve {

/// What this takes of a thread's stack, which must be larger: `least_stack`.
class own_thread {
 public:
  own_thread() noexcept {
    frame_pool::lend(frames_.data(), frames_.size());
    loop_.buffers().lend(blocks_);
  }
  ~own_thread() { frame_pool::drain(); }
  own_thread(const own_thread&) = delete;
  own_thread& operator=(const own_thread&) = delete;

  [[nodiscard]] io::blocking_loop& loop() noexcept { return loop_; }

 private:
  os::activity_guard activity_;
  io::blocking_loop loop_;
  alignas(64) std::array<std::byte, 2 * io::buffer_pool::block_size> blocks_;
  alignas(64) std::array<std::byte, 6 * 1024> frames_;
};

/// Half of it is left to the handler's calls.
inline constexpr std::size_t least_stack = 96 * 1024;
static_assert(sizeof(own_thread) < least_stack / 2);

}  // namespace samjoko::serve

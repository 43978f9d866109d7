#pragma once
// Charter: what a thread that serves clients by blocking has: its loop, with the first block and
// the first frames on its own stack, so that a client who waits in silence dirties no page of the
// heap and few of the stack. Frames are taken from the top down, beside the thread's own data; of
// the block short messages dirty only the beginning, beside the loop and the calls below.

#include <array>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/os/activity.hpp>
#include <samjoko/task/frame_pool.hpp>

namespace samjoko::serve {

class own_thread {
 public:
  own_thread() noexcept {
    frame_pool::lend(frames_.data(), frames_.size());
    loop_.buffers().lend(block_.data());
  }
  ~own_thread() { frame_pool::drain(); }
  own_thread(const own_thread&) = delete;
  own_thread& operator=(const own_thread&) = delete;

  [[nodiscard]] io::blocking_loop& loop() noexcept { return loop_; }

 private:
  os::activity_guard activity_;
  io::blocking_loop loop_;
  alignas(64) std::array<std::byte, io::buffer_pool::block_size> block_;
  alignas(64) std::array<std::byte, 2048> frames_;
};

}  // namespace samjoko::serve

#pragma once
// Charter: what a thread that serves clients by blocking has: its loop, and memory lent to it for
// the first two blocks (input and output) and the first frames. So a client that waits in silence
// dirties few pages, and an answer of the usual size needs no heap: the first allocation of a fresh
// thread costs more than the whole request.
//
// A thread that lives long has that memory on its own stack. Frames are taken from the top down,
// beside the loop. Short messages dirty only the beginning of a block, and that of the first block
// lies beside the calls below. A thread that lives for a single client borrows the memory from its
// model, which lends it to the next thread. The C library keeps 16 KiB of a stack that is used
// again, and each page below is a page fault in each thread (glibc's advise_stack_range).

#include <array>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/task/frame_pool.hpp>

namespace samjoko::serve {

struct thread_memory {
  thread_memory() noexcept {}  // NOLINT(*-member-init, *-equals-default): no page is to be touched

  alignas(64) std::array<std::byte, 2 * io::buffer_pool::block_size> blocks;
  alignas(64) std::array<std::byte, 6 * 1024> frames;
};

/// A loop on lent memory, which must outlive it.
class own_loop {
 public:
  explicit own_loop(thread_memory& lent) noexcept {
    frame_pool::lend(lent.frames.data(), lent.frames.size());
    loop_.buffers().lend(lent.blocks);
  }
  ~own_loop() { frame_pool::drain(); }
  own_loop(const own_loop&) = delete;
  own_loop& operator=(const own_loop&) = delete;

  [[nodiscard]] io::blocking_loop& loop() noexcept { return loop_; }

 private:
  scoreboard::thread_slot_guard activity_;
  io::blocking_loop loop_;
};

/// A loop with its memory. It takes this much of a thread's stack, which must be larger:
/// `least_stack`.
class own_thread {
 public:
  own_thread() noexcept : loop_(memory_) {}
  [[nodiscard]] io::blocking_loop& loop() noexcept { return loop_.loop(); }

 private:
  thread_memory memory_;
  own_loop loop_;
};

/// Half of it is left to the handler's calls.
inline constexpr std::size_t least_stack = 96 * 1024;
static_assert(sizeof(own_thread) < least_stack / 2);

}  // namespace samjoko::serve

#pragma once
// Charter: what each thread that serves clients is doing right now, in memory that outlives its
// process: whether it waits in a call of the library or runs, for which client, with which request.
// The thread itself writes it with plain stores, without a clock or a system call, in a few
// nanoseconds each. It is read to explain a death and to find a thread that is stuck.
//
// Slots are claimed out of a bounded table. A thread without a slot serves as well as any other;
// only its details are missing.

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <samjoko/os/fixed_text.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <span>
#include <string>
#include <string_view>

namespace samjoko::scoreboard {

/// The address of a client as accept(2) gives it; a longer address (a unix path) is cut.
struct peer_name {
  std::uint32_t size = 0;  ///< 0: not known
  std::array<std::byte, 28> bytes{};

  [[nodiscard]] sockaddr* room() noexcept { return reinterpret_cast<sockaddr*>(bytes.data()); }
};
/// "127.0.0.1:4711"; empty when it is not known.
[[nodiscard]] std::string text_of(const peer_name& peer);

struct alignas(64) thread_slot {
  static constexpr std::size_t request_room = 128;

  std::atomic<std::uint64_t> owner;  ///< pid in the high half, tid in the low; 0: free
  /// Odd: the thread runs; even: it waits. The number changes each time one of the two begins, or
  /// another step of running: the same odd number twice is one stretch of a user's code.
  std::atomic<std::uint32_t> step;
  std::atomic<std::int32_t> client;        ///< its descriptor plus 1; 0: none
  std::atomic<std::uint32_t> clients;      ///< how many clients this owner began to serve
  std::atomic<std::int32_t> signalled_by;  ///< the process that sent it SIGTERM, if not its parent
  /// The limit of ours for which it is ended: its milliseconds, and which limit (an own_limit).
  /// Set before the signal, by the process that sends it. 0: it is not being ended.
  std::atomic<std::uint32_t> ended_after;
  std::atomic<std::uint8_t> ended_for;
  /// How its process ended. Noted by the process that reaps it, until that has told the death
  /// (postmortem/death_recorder.cpp knows the bits); 0: not noted.
  std::atomic<std::uint32_t> noted_end;
  std::atomic<std::uint8_t> called_exit;  ///< this thread called exit(3)
  std::atomic<std::uint8_t> dying;        ///< this thread is in its crash handler
  std::atomic<std::uint16_t> worker;      ///< the number of its worker
  std::atomic<std::uint32_t> request_size;
  peer_name peer;  ///< the client's address, once it is known
  std::array<char, request_room> request;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(thread_slot) <= 256);

}  // namespace samjoko::scoreboard

template <>
inline constexpr bool samjoko::os::begins_as_zeros<samjoko::scoreboard::thread_slot> = true;

namespace samjoko::scoreboard {

[[nodiscard]] inline pid_t process_of(const thread_slot& cell) noexcept {
  return static_cast<pid_t>(cell.owner.load(std::memory_order_acquire) >> 32);
}
[[nodiscard]] inline pid_t thread_of(const thread_slot& cell) noexcept {
  return static_cast<pid_t>(cell.owner.load(std::memory_order_acquire) & 0xffff'ffff);
}
[[nodiscard]] inline bool runs(std::uint32_t step) noexcept { return (step & 1) != 0; }

/// The slot of the calling thread; null for none. Set by thread_slot_guard, inherited over fork.
inline constinit thread_local thread_slot* this_thread_slot = nullptr;

/// The table from which the threads of this process, and of the processes it forks, claim slots. To
/// be called in a worker, before its first thread. Also has exit(3) note which thread called it.
void use_thread_slots(std::span<thread_slot> table, std::uint32_t worker) noexcept;

/// Holds a slot for the calling thread while this object lives, if there is a free slot near.
class thread_slot_guard {
 public:
  thread_slot_guard() noexcept;
  ~thread_slot_guard();
  thread_slot_guard(const thread_slot_guard&) = delete;
  thread_slot_guard& operator=(const thread_slot_guard&) = delete;
};

/// From here on a call of the library may wait.
inline void mark_waiting() noexcept {
  if (auto* mine = this_thread_slot)
    mine->step.store((mine->step.load(std::memory_order_relaxed) | 1) + 1,
                     std::memory_order_relaxed);
}
/// The thread runs, and took another step.
inline void mark_running() noexcept {
  if (auto* mine = this_thread_slot)
    mine->step.store((mine->step.load(std::memory_order_relaxed) + 1) | 1,
                     std::memory_order_relaxed);
}
/// The thread runs for the client of this descriptor; -1: for no client in particular.
inline void mark_client(int descriptor) noexcept {
  auto* mine = this_thread_slot;
  if (mine == nullptr) return;
  mine->step.store((mine->step.load(std::memory_order_relaxed) + 1) | 1, std::memory_order_relaxed);
  if (mine->client.load(std::memory_order_relaxed) == descriptor + 1) return;
  mine->client.store(descriptor + 1, std::memory_order_relaxed);
  mine->request_size.store(0, std::memory_order_relaxed);
}
/// The thread serves this new client, and no other; `peer` may be unknown.
void mark_new_client(int descriptor, const peer_name& peer) noexcept;
/// The thread has no client any more.
void mark_no_client() noexcept;
/// The request that is being served: its first line, cut at request_room bytes.
void mark_request(std::string_view line) noexcept;
/// In a process that is told to stop by a SIGTERM from a process that is not its parent.
/// Async-signal-safe.
void mark_told_by(pid_t sender) noexcept;
/// Asks the kernel for the address of the calling thread's client, when it is not known yet (man 2
/// getpeername). Async-signal-safe.
void mark_peer() noexcept;

/// The thread dies: it still counts as running, but is not stuck, however long that takes.
/// Async-signal-safe.
inline void mark_dying() noexcept {
  if (auto* mine = this_thread_slot) mine->dying.store(1, std::memory_order_relaxed);
}

/// The slot of a process of one thread; null when it has none. Looks at a few slots only.
[[nodiscard]] thread_slot* find_thread_slot(std::span<thread_slot> table, pid_t process) noexcept;
/// To be called by the process that has reaped the slot's owner.
inline void release(thread_slot& cell) noexcept { cell.owner.store(0); }

}  // namespace samjoko::scoreboard

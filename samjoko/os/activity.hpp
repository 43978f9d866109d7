#pragma once
// Charter: what each thread that serves clients is doing right now, in memory that outlives its
// process: whether it waits in a call of the library or runs, for which client, with which request.
// Written by the thread itself with plain stores, no clock and no system call, a few nanoseconds
// each; read by whoever explains its death or looks for what is stuck.
//
// Cells are claimed out of a bounded table. A thread without one serves as well as any other; only
// its details are missing.

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

namespace samjoko::os {

/// The address of a client as accept(2) gives it; a longer one (a unix path) is cut.
struct peer_name {
  std::uint32_t size = 0;  ///< 0: not known
  std::array<std::byte, 28> bytes{};

  [[nodiscard]] sockaddr* room() noexcept { return reinterpret_cast<sockaddr*>(bytes.data()); }
};
/// "127.0.0.1:4711"; empty when it is not known.
[[nodiscard]] std::string text_of(const peer_name& peer);

struct alignas(64) activity_cell {
  static constexpr std::size_t request_room = 128;

  std::atomic<std::uint64_t> owner;  ///< pid in the high half, tid in the low; 0: free
  /// Odd: runs; even: waits. Another number each time one of the two begins, or another step of
  /// running: the same odd number twice is one stretch of a user's code.
  std::atomic<std::uint32_t> step;
  std::atomic<std::int32_t> client;    ///< its descriptor plus 1; 0: none
  std::atomic<std::uint32_t> clients;  ///< that this owner began to serve
  std::atomic<std::int32_t> told_by;   ///< the process that sent it SIGTERM and was not its parent
  /// Milliseconds of our own limit for which it is ended, and which one (an own_limit); set by
  /// whoever sends the signal, before. 0: it is not.
  std::atomic<std::uint32_t> ended_after;
  std::atomic<std::uint8_t> ended_for;
  /// How its process ended, noted by the one that reaps it and has not told it yet
  /// (os/registrar.cpp knows the bits); 0: not noted.
  std::atomic<std::uint32_t> noted_end;
  std::atomic<std::uint8_t> called_exit;  ///< this thread called exit(3)
  std::atomic<std::uint8_t> dying;        ///< this thread is in its crash handler
  std::atomic<std::uint16_t> worker;      ///< its number
  std::atomic<std::uint32_t> request_size;
  peer_name peer;  ///< of the client, once it is known
  std::array<char, request_room> request;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(activity_cell) <= 256);
template <>
inline constexpr bool begins_as_zeros<activity_cell> = true;

[[nodiscard]] inline pid_t process_of(const activity_cell& cell) noexcept {
  return static_cast<pid_t>(cell.owner.load(std::memory_order_acquire) >> 32);
}
[[nodiscard]] inline pid_t thread_of(const activity_cell& cell) noexcept {
  return static_cast<pid_t>(cell.owner.load(std::memory_order_acquire) & 0xffff'ffff);
}
[[nodiscard]] inline bool runs(std::uint32_t step) noexcept { return (step & 1) != 0; }

/// The cell of the calling thread; null for none. Set by activity_guard, inherited over fork.
inline constinit thread_local activity_cell* this_activity = nullptr;

/// From where the threads of this process, and of those it forks, claim cells: in a worker, before
/// its first thread. Also has exit(3) note which thread called it.
void use_activity_cells(std::span<activity_cell> table, std::uint32_t worker) noexcept;

/// A cell for the calling thread while this lives, if there is a free one near.
class activity_guard {
 public:
  activity_guard() noexcept;
  ~activity_guard();
  activity_guard(const activity_guard&) = delete;
  activity_guard& operator=(const activity_guard&) = delete;
};

/// A call of the library may wait from here on.
inline void mark_waiting() noexcept {
  if (auto* mine = this_activity)
    mine->step.store((mine->step.load(std::memory_order_relaxed) | 1) + 1,
                     std::memory_order_relaxed);
}
/// The thread runs, and took another step.
inline void mark_running() noexcept {
  if (auto* mine = this_activity)
    mine->step.store((mine->step.load(std::memory_order_relaxed) + 1) | 1,
                     std::memory_order_relaxed);
}
/// It runs for the client of this descriptor; -1: for none in particular.
inline void mark_client(int descriptor) noexcept {
  auto* mine = this_activity;
  if (mine == nullptr) return;
  mine->step.store((mine->step.load(std::memory_order_relaxed) + 1) | 1, std::memory_order_relaxed);
  if (mine->client.load(std::memory_order_relaxed) == descriptor + 1) return;
  mine->client.store(descriptor + 1, std::memory_order_relaxed);
  mine->request_size.store(0, std::memory_order_relaxed);
}
/// A client whom this thread will serve, alone; `peer` may be unknown.
void mark_new_client(int descriptor, const peer_name& peer) noexcept;
/// The thread has no client any more.
void mark_no_client() noexcept;
/// The request that is being served: its first line, cut at request_room bytes.
void mark_request(std::string_view line) noexcept;
/// In a process that is told by SIGTERM to stop, by somebody who is not its parent.
/// Async-signal-safe.
void mark_told_by(pid_t sender) noexcept;
/// Asks the kernel who the client of the calling thread is, when it is not known yet (man 2
/// getpeername). Async-signal-safe.
void mark_peer() noexcept;

/// The thread dies: it still counts as running, but is not stuck however long that takes.
/// Async-signal-safe.
inline void mark_dying() noexcept {
  if (auto* mine = this_activity) mine->dying.store(1, std::memory_order_relaxed);
}

/// The cell of a process of one thread; null when it has none. A few cells are looked at.
[[nodiscard]] activity_cell* find_activity(std::span<activity_cell> table, pid_t process) noexcept;
/// By whoever has reaped the process.
inline void release(activity_cell& cell) noexcept { cell.owner.store(0); }

}  // namespace samjoko::os

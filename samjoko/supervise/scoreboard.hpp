#pragma once
// Charter: what the workers count, in memory that they share with the master: it can be read at any
// time, and survives the death of whoever counted.

#include <atomic>
#include <cstdint>

#include <samjoko/os/shared_memory.hpp>

namespace samjoko::supervise {

/// Of one worker slot, since the master started, over all workers that had the slot. Each is a
/// lock-free counter; add with relaxed order. A cache line of its own, so that workers do not slow
/// one another.
struct alignas(128) worker_counters {
  std::atomic<std::uint64_t> accepted{0};  ///< connections
  std::atomic<std::uint64_t> open{0};  ///< now; the master sets it to 0 when the worker has ended
  std::atomic<std::uint64_t> refused{0};  ///< by a limit on connections
  std::atomic<std::uint64_t> turns{0};    ///< requests, or runs of a handler
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> heartbeats{0};
  std::atomic<std::uint64_t> started{0};  ///< workers that had this slot: by the master
  std::atomic<std::int32_t> pid{0};       ///< of the present one, 0 for none: by the master
  std::atomic<std::uint8_t> state{0};     ///< a slot_state: by the master
  /// Who sent the present worker a SIGTERM that it obeys; 0: nobody.
  std::atomic<std::int32_t> told_by{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// One cell per slot that may ever be.
using scoreboard = os::shared_cells<worker_counters>;

}  // namespace samjoko::supervise

#pragma once
// Charter: what master and worker say of one worker slot in memory that both see: it can be read at
// any time, and survives the death of the worker. What a worker counts of its clients is
// serve/counters.hpp.

#include <atomic>
#include <cstdint>

#include <samjoko/os/shared_memory.hpp>

namespace samjoko::supervise {

/// Of one worker slot, over all workers that had it. Lock-free.
struct alignas(128) worker_counters {
  std::atomic<std::uint64_t> started{0};  ///< workers that had this slot: by the master
  std::atomic<std::int32_t> pid{0};       ///< of the present one, 0 for none: by the master
  std::atomic<std::uint8_t> state{0};     ///< a slot_state: by the master
  /// Who sent the present worker a SIGTERM that it obeys; 0: nobody.
  std::atomic<std::int32_t> told_by{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// One cell per slot that may ever be, each on a page of its own. What the master wrote there it
/// does not read again, for the worker may write there too.
using scoreboard = os::slot_cells<worker_counters>;

}  // namespace samjoko::supervise

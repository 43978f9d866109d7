#pragma once
// Charter: what the master and a worker write about one worker slot, in memory that both see. It
// can be read at any time, and survives the death of the worker. What a worker counts of its
// clients is in scoreboard/counters.hpp.

#include <atomic>
#include <cstdint>

#include <samjoko/os/shared_memory.hpp>

namespace samjoko::scoreboard {

/// About one worker slot, over all workers that had it. Lock-free.
struct alignas(128) worker_slot {
  std::atomic<std::uint64_t> started{0};  ///< workers that had this slot: by the master
  std::atomic<std::int32_t> pid{0};       ///< of the present one, 0 for none: by the master
  std::atomic<std::uint8_t> state{0};     ///< a slot_state: by the master
  /// The process that sent the present worker a SIGTERM that it obeys; 0: none.
  std::atomic<std::int32_t> signalled_by{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// One record for each slot that may ever be, each on a page of its own. The master does not read
/// back what it wrote there, for the worker may write there too.
using worker_slots = os::slot_cells<worker_slot>;

}  // namespace samjoko::scoreboard

#pragma once
// Charter: what a worker has done, counted in memory that it shares with the master.

#include <atomic>
#include <cstdint>

namespace samjoko::scoreboard {

/// Lock-free, so that it may live in shared memory and outlive the process that counts.
struct counters {
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> refused = 0;  ///< over a limit on connections
  /// A process of a pool that is killed between two of its steps leaves this count off by one. The
  /// account of connections, by which clients are admitted, is exact.
  std::atomic<std::int64_t> open = 0;
  std::atomic<std::uint64_t> accept_pauses = 0;  ///< out of descriptors, processes or threads
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

inline void count(std::atomic<std::uint64_t>& which) noexcept {
  which.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace samjoko::scoreboard

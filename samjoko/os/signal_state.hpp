#pragma once
// Charter: the state that the files about signals share and a handler may read: which signals have
// a handler of ours, and the queues that want them. For no other file.
//
// A handler walks the list of queues while other threads add to it. So a place in the list is never
// freed and its eventfd never closed: a handler that read the number just before would write to the
// next file that has it. A place whose queue is gone is used again by the next queue.

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <samjoko/os/signals.hpp>

namespace samjoko::os {

struct signal_cell {
  std::atomic<std::uint32_t> times{0};
  std::atomic<std::uint64_t> sender{0};  // pid in the high half, user in the low
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a handler must not meet a lock");

struct signal_place {
  std::atomic<std::uint64_t> wanted{0};  // bit n: signal n + 1
  descriptor wake;
  signal_place* following = nullptr;
  bool taken = false;  // under the mutex
  std::array<signal_cell, signal_limit> cells;
};

/// All in one place and zero at first: what a forked child touches here is one page.
struct signal_state {
  std::atomic<signal_place*> first{nullptr};
  std::atomic<std::uint64_t> installed{0};           // bit n: signal n + 1 has a handler of ours
  std::atomic<std::uint64_t> kept{0};                // those of them that forked children keep
  std::array<std::uint16_t, signal_limit> queues{};  // how many queues want it; under the mutex
  std::mutex mutex;
  std::array<struct sigaction, signal_limit> before{};  // before the first queue; under the mutex
};
extern constinit signal_state signals_here;

[[nodiscard]] constexpr std::uint64_t signal_bit(int signal) noexcept {
  return std::uint64_t{1} << (signal - 1);
}

}  // namespace samjoko::os

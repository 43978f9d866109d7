#pragma once
// Charter: what a dying (or stuck) thread leaves of itself in memory that outlives its process:
// registers, a piece of its stack, the map of its address space, and its last words. Plain fields
// in shared memory (os/shared_memory.hpp), made before the forks. A signal handler writes them
// (postmortem/crash_handler.hpp), the process that reaps reads them, and another process unwinds
// the stack (postmortem/unwind.hpp).
//
// A slot is claimed by one compare-and-swap of one word that also names the owner. So no death, at
// whatever instant, leaves a slot whose owner is unknown. All zero is a free slot: a page of them
// costs no memory before it is first used.

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace samjoko::postmortem {

enum class capture_state : std::uint32_t { free, writing, complete };
enum class capture_reason : std::uint32_t {
  fatal_signal,  ///< the process is about to die of `signal`
  asked,         ///< request_capture(): the thread goes on afterwards
};

struct capture_slot {
  static constexpr std::size_t stack_room = std::size_t{48} * 1024;
  static constexpr std::size_t maps_room = std::size_t{32} * 1024;
  static constexpr std::size_t message_room = 512;
  /// The area below the stack pointer where a function of x86-64 may keep values without moving the
  /// pointer (System V ABI, AMD64, 3.2.2).
  static constexpr std::size_t red_zone = 128;
  /// rax rdx rcx rbx rsi rdi rbp rsp r8 … r15 rip: numbered as DWARF does (the same ABI, 3.6.2).
  static constexpr std::size_t register_count = 17;

  std::uint64_t claim;  ///< pid in the high half, state in the low; use the functions below
  capture_reason reason;
  std::uint32_t ticket;  ///< the number given to request_capture(); 0 for a death
  pid_t pid;             ///< the pid as the process itself sees it
  pid_t tid;
  std::int32_t signal;
  std::int32_t code;            ///< si_code (man 2 sigaction): what sent the signal
  std::uint64_t fault_address;  ///< of SEGV, BUS, ILL, FPE, TRAP sent by the kernel; else 0
  std::uint32_t has_sender;     ///< 1 when a process sent the signal: then the next two are set
  pid_t sender_pid;
  uid_t sender_user;
  std::uint32_t has_registers;  ///< 0 on architectures other than x86-64: then there is no stack
  std::int64_t when;            ///< nanoseconds of CLOCK_MONOTONIC
  std::array<char, 16> thread_name;  ///< ends with a zero (man 2 prctl, PR_GET_NAME)
  std::array<std::uint64_t, register_count> registers;

  std::uint64_t stack_address;  ///< where the first byte of `stack` stood
  std::uint32_t stack_size;     ///< bytes; 0: nothing near the stack pointer could be read
  std::uint32_t maps_size;      ///< bytes; 0: /proc could not be read
  std::uint32_t maps_cut;       ///< 1 when the text was longer than the room
  std::uint32_t message_size;   ///< bytes; what was said before abort(), or nothing
  std::array<char, message_room> message;
  std::array<char, maps_room> maps;  ///< lines of /proc/self/maps that name a file, or the vdso
  alignas(16) std::array<std::byte, stack_room> stack;
};
static_assert(std::is_trivially_default_constructible_v<capture_slot>);

/// The claim of a slot, atomic for all processes that share it.
[[nodiscard]] inline std::atomic_ref<std::uint64_t> claim_of(capture_slot& slot) noexcept {
  return std::atomic_ref(slot.claim);
}
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

[[nodiscard]] inline capture_state state_of(capture_slot& slot) noexcept {
  return static_cast<capture_state>(claim_of(slot).load(std::memory_order_acquire) & 0xffff'ffff);
}
/// 0 for a free slot.
[[nodiscard]] inline pid_t owner_of(capture_slot& slot) noexcept {
  return static_cast<pid_t>(claim_of(slot).load(std::memory_order_acquire) >> 32);
}

/// Claims a free slot for `owner`, which writes and completes it; null when none is free.
/// Async-signal-safe.
[[nodiscard]] inline capture_slot* claim_slot(std::span<capture_slot> slots, pid_t owner) noexcept {
  const auto writing = std::uint64_t{static_cast<std::uint32_t>(owner)} << 32 |
                       static_cast<std::uint64_t>(capture_state::writing);
  for (auto& slot : slots) {
    std::uint64_t free = 0;
    if (claim_of(slot).compare_exchange_strong(free, writing, std::memory_order_acquire))
      return &slot;
  }
  return nullptr;
}
/// To be called by the owner: the slot may be read. Async-signal-safe.
inline void complete(capture_slot& slot) noexcept {
  claim_of(slot).fetch_add(1, std::memory_order_release);
}
/// To be called by the reader, or for an owner that died while it wrote.
inline void release(capture_slot& slot) noexcept {
  claim_of(slot).store(0, std::memory_order_release);
}

/// The oldest complete capture of a process; null when there is none. The caller has reaped the
/// process (or asked it): the number may belong to another process later, so release a slot that
/// was read.
[[nodiscard]] capture_slot* find_capture(std::span<capture_slot> slots, pid_t owner,
                                         capture_reason reason) noexcept;
/// The answer to request_capture(); null while there is none.
[[nodiscard]] capture_slot* find_answer(std::span<capture_slot> slots, pid_t owner,
                                        std::uint32_t ticket) noexcept;
/// Frees all slots of a process that was reaped, complete or not. Returns how many were not
/// complete.
std::size_t release_captures(std::span<capture_slot> slots, pid_t owner) noexcept;

[[nodiscard]] inline std::span<const std::byte> stack_of(const capture_slot& slot) noexcept {
  return std::span(slot.stack).first(std::min<std::size_t>(slot.stack_size, slot.stack.size()));
}
[[nodiscard]] inline std::string_view maps_of(const capture_slot& slot) noexcept {
  return {slot.maps.data(), std::min<std::size_t>(slot.maps_size, slot.maps.size())};
}
[[nodiscard]] inline std::string_view message_of(const capture_slot& slot) noexcept {
  return {slot.message.data(), std::min<std::size_t>(slot.message_size, slot.message.size())};
}

}  // namespace samjoko::postmortem

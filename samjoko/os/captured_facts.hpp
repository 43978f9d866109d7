#pragma once
// Charter: what a dead process left in its capture slot, read into this process's own memory: each
// word once, since others may write there meanwhile, and no more than what can be true.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <samjoko/os/capture_slot.hpp>
#include <samjoko/os/exit_status.hpp>
#include <string_view>

namespace samjoko::os {

struct captured_facts {
  bool fatal = false;
  int signal = 0;
  int code = 0;
  bool has_sender = false;
  pid_t sender = 0;
  uid_t sender_user = 0;
  pid_t thread = 0;
  std::uint64_t fault_address = 0;
  std::size_t message_size = 0;
  std::array<char, capture_slot::message_room> message{};

  [[nodiscard]] std::string_view said() const noexcept { return {message.data(), message_size}; }
};

[[nodiscard]] captured_facts facts_of(const capture_slot& slot) noexcept;

/// Whether a process that ended so can have left this. One that was killed while it was about to
/// die of what it had caught can.
[[nodiscard]] bool fits(const captured_facts& left, const exit_status& status) noexcept;

/// What the dead was caught with: of several threads that died, the one of whose signal it ended.
/// Null: nothing.
[[nodiscard]] capture_slot* find_last_words(std::span<capture_slot> slots, pid_t dead,
                                            const exit_status& status) noexcept;

}  // namespace samjoko::os

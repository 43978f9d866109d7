#pragma once
// Charter: what a process left in its capture slot when it died, read into this process's own
// memory: each word once, since others may write there meanwhile, and no more than what can be
// true.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/postmortem/capture_slot.hpp>
#include <string_view>

namespace samjoko::postmortem {

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

/// Whether a process that ended with `status` can have left this. That is also true of a process
/// that was killed while it was dying of the signal it had caught.
[[nodiscard]] bool fits(const captured_facts& left, const os::exit_status& status) noexcept;

/// The capture of a process that died: of several threads that were captured, the one whose signal
/// ended the process. Null: there is none.
[[nodiscard]] capture_slot* find_last_words(std::span<capture_slot> slots, pid_t dead,
                                            const os::exit_status& status) noexcept;

}  // namespace samjoko::postmortem

#include <samjoko/postmortem/captured_facts.hpp>

#include <algorithm>
#include <csignal>

namespace samjoko::postmortem {
namespace {

template <class T>
T read_once(const T& shared) noexcept {
  return *const_cast<const volatile T*>(&shared);
}

}  // namespace

captured_facts facts_of(const capture_slot& slot) noexcept {
  captured_facts found;
  found.fatal = read_once(slot.reason) == capture_reason::fatal_signal;
  found.signal = read_once(slot.signal);
  found.code = read_once(slot.code);
  found.has_sender = read_once(slot.has_sender) != 0;
  if (found.has_sender) found.sender = std::max(read_once(slot.sender_pid), 0);
  found.sender_user = read_once(slot.sender_user);
  found.thread = read_once(slot.tid);
  found.fault_address = read_once(slot.fault_address);
  found.message_size = std::min<std::size_t>(read_once(slot.message_size), found.message.size());
  found.message = slot.message;
  return found;
}

bool fits(const captured_facts& left, const os::exit_status& status) noexcept {
  if (!left.fatal) return true;
  const bool can_be_caught =
      left.signal >= 1 && left.signal <= 64 && left.signal != SIGKILL && left.signal != SIGSTOP;
  return can_be_caught && status.how() == os::ending::killed &&
         (status.signal() == left.signal || status.signal() == SIGKILL);
}

capture_slot* find_last_words(std::span<capture_slot> slots, pid_t dead,
                              const os::exit_status& status) noexcept {
  for (auto& slot : slots) {
    if (owner_of(slot) != dead || state_of(slot) != capture_state::complete) continue;
    const auto left = facts_of(slot);
    if (left.fatal && status.how() == os::ending::killed && left.signal == status.signal())
      return &slot;
  }
  return find_capture(slots, dead, capture_reason::fatal_signal);
}

}  // namespace samjoko::postmortem

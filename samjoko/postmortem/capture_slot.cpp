#include <samjoko/postmortem/capture_slot.hpp>

namespace samjoko::postmortem {
namespace {

template <class Wanted>
capture_slot* oldest(std::span<capture_slot> slots, pid_t owner, Wanted&& wanted) noexcept {
  capture_slot* found = nullptr;
  for (auto& slot : slots) {
    if (owner_of(slot) != owner || state_of(slot) != capture_state::complete) continue;
    if (wanted(slot) && (found == nullptr || slot.when < found->when)) found = &slot;
  }
  return found;
}

}  // namespace

capture_slot* find_capture(std::span<capture_slot> slots, pid_t owner,
                           capture_reason reason) noexcept {
  return oldest(slots, owner, [=](const capture_slot& slot) { return slot.reason == reason; });
}

capture_slot* find_answer(std::span<capture_slot> slots, pid_t owner,
                          std::uint32_t ticket) noexcept {
  return oldest(slots, owner, [=](const capture_slot& slot) {
    return slot.reason == capture_reason::asked && slot.ticket == ticket;
  });
}

std::size_t release_captures(std::span<capture_slot> slots, pid_t owner) noexcept {
  std::size_t torn = 0;
  for (auto& slot : slots) {
    if (owner_of(slot) != owner) continue;
    if (state_of(slot) != capture_state::complete) ++torn;
    release(slot);
  }
  return torn;
}

}  // namespace samjoko::postmortem

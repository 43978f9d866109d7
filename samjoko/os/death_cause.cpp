#include <samjoko/os/death_cause.hpp>

#include <algorithm>
#include <csignal>

namespace samjoko::os {
namespace {

bool is_fault(int signal) noexcept {
  constexpr int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  return std::ranges::find(faults, signal) != std::end(faults);
}

// An own cgroup has nobody else whom the counter could mean. In a shared one the rise must be
// enough for everybody who was killed meanwhile; when it is less, some of them were killed by
// somebody, and nobody knows which.
cause_found cause_of_kill(const memory_evidence& memory) noexcept {
  if (!memory.known) return {};
  const auto rise = memory.after - std::min(memory.after, memory.before + memory.told);
  if (memory.own && rise > 0) return {death_cause::out_of_memory, certainty::proved};
  if (rise == 0) return {death_cause::signal, certainty::likely};
  if (rise >= memory.killed) return {death_cause::out_of_memory, certainty::likely};
  return {};
}

cause_found cause_of_signal(const death_evidence& known) noexcept {
  const int signal = known.status.signal();
  const bool aborted = signal == SIGABRT;
  if (known.caught.signal != signal) {
    // Not caught: the handler was replaced, or there was no room. A fault is still more likely
    // than somebody who sends its signal.
    if (aborted) return {death_cause::abort, certainty::likely};
    return {is_fault(signal) ? death_cause::crash : death_cause::signal, certainty::likely};
  }
  const bool from_a_process = known.caught.code <= 0;
  const bool from_itself = from_a_process && known.caught.sender == known.pid;
  if (from_a_process && !from_itself) return {death_cause::signal, certainty::proved};
  if (aborted) return {death_cause::abort, certainty::proved};
  // The kernel sends other signals by itself too: an alarm, a limit on processor time.
  return {is_fault(signal) || from_itself ? death_cause::crash : death_cause::signal,
          certainty::proved};
}

}  // namespace

cause_found cause_of(const death_evidence& known) noexcept {
  const bool exited = known.status.how() == ending::exited;
  const bool ended_by_us = exited || known.status.signal() == SIGKILL;
  if (known.limit != own_limit::none && ended_by_us)
    return {death_cause::own_limit, certainty::proved};
  if (exited) {
    const bool obeyed = known.told_by != 0 && known.status.code() == 0;
    return {obeyed ? death_cause::signal : death_cause::own_exit, certainty::proved};
  }
  if (known.status.signal() == SIGKILL) return cause_of_kill(known.memory);
  return cause_of_signal(known);
}

}  // namespace samjoko::os

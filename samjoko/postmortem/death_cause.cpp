#include <samjoko/postmortem/death_cause.hpp>

#include <algorithm>
#include <csignal>

namespace samjoko::postmortem {
namespace {

bool is_fault(int signal) noexcept {
  constexpr int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  return std::ranges::find(faults, signal) != std::end(faults);
}

// In a cgroup of its own the counter can mean no other process. In a shared cgroup the rise must be
// enough for all processes that were killed meanwhile. When it is less, another process killed some
// of them, and it is not known which.
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
    // Not caught: the handler was replaced, or there was no room. A fault is still more likely than
    // a process that sends its signal.
    if (aborted) return {death_cause::abort, certainty::likely};
    return {is_fault(signal) ? death_cause::crash : death_cause::signal, certainty::likely};
  }
  const bool from_a_process = known.caught.code <= 0;
  const bool from_itself = from_a_process && known.caught.sender == known.pid;
  if (from_a_process && !from_itself) return {death_cause::signal, certainty::proved};
  if (aborted) return {death_cause::abort, certainty::proved};
  // The kernel itself sends other signals too: an alarm, a limit on processor time.
  return {is_fault(signal) || from_itself ? death_cause::crash : death_cause::signal,
          certainty::proved};
}

}  // namespace

cause_found cause_of(const death_evidence& known) noexcept {
  const bool exited = known.status.how() == os::ending::exited;
  const bool ended_by_us = exited || known.status.signal() == SIGKILL;
  if (known.limit != own_limit::none && ended_by_us)
    return {death_cause::own_limit, certainty::proved};
  if (exited) {
    const bool obeyed = known.signalled_by != 0 && known.status.code() == 0;
    return {obeyed ? death_cause::signal : death_cause::own_exit, certainty::proved};
  }
  if (known.status.signal() == SIGKILL) return cause_of_kill(known.memory);
  return cause_of_signal(known);
}

}  // namespace samjoko::postmortem

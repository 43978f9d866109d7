#include <samjoko/os/exit_status.hpp>

#include <sys/wait.h>

#include <csignal>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>

namespace samjoko::os {
namespace {

struct known_signal {
  int number;
  std::string_view name;
  std::string_view meaning;
};

constexpr known_signal known_signals[] = {
    {SIGHUP, "SIGHUP", "terminal closed"},
    {SIGINT, "SIGINT", "interrupt from the keyboard"},
    {SIGQUIT, "SIGQUIT", "quit from the keyboard"},
    {SIGILL, "SIGILL", "illegal instruction"},
    {SIGTRAP, "SIGTRAP", "breakpoint"},
    {SIGABRT, "SIGABRT", "aborted itself"},
    {SIGBUS, "SIGBUS", "bad memory access"},
    {SIGFPE, "SIGFPE", "arithmetic fault"},
    {SIGKILL, "SIGKILL", "killed, cannot be refused"},
    {SIGUSR1, "SIGUSR1", "first user signal"},
    {SIGSEGV, "SIGSEGV", "invalid memory reference"},
    {SIGUSR2, "SIGUSR2", "second user signal"},
    {SIGPIPE, "SIGPIPE", "write without a reader"},
    {SIGALRM, "SIGALRM", "alarm clock"},
    {SIGTERM, "SIGTERM", "asked to end"},
    {SIGSTKFLT, "SIGSTKFLT", "stack fault"},
    {SIGCHLD, "SIGCHLD", "a child ended or stopped"},
    {SIGCONT, "SIGCONT", "continue"},
    {SIGSTOP, "SIGSTOP", "stopped, cannot be refused"},
    {SIGTSTP, "SIGTSTP", "stop from the keyboard"},
    {SIGTTIN, "SIGTTIN", "background read from the terminal"},
    {SIGTTOU, "SIGTTOU", "background write to the terminal"},
    {SIGURG, "SIGURG", "urgent data"},
    {SIGXCPU, "SIGXCPU", "processor time limit"},
    {SIGXFSZ, "SIGXFSZ", "file size limit"},
    {SIGVTALRM, "SIGVTALRM", "virtual alarm clock"},
    {SIGPROF, "SIGPROF", "profiling timer"},
    {SIGWINCH, "SIGWINCH", "window size changed"},
    {SIGIO, "SIGIO", "input or output possible"},
    {SIGPWR, "SIGPWR", "power failure"},
    {SIGSYS, "SIGSYS", "forbidden system call"},
};

const known_signal* find(int signal) noexcept {
  for (const auto& known : known_signals) {
    if (known.number == signal) return &known;
  }
  return nullptr;
}

std::string described(int signal) {
  const auto meaning = signal_meaning(signal);
  if (meaning.empty()) return fmt::format("signal {} ({})", signal, signal_name(signal));
  return fmt::format("signal {} ({}, {})", signal, signal_name(signal), meaning);
}

}  // namespace

exit_status exit_status::from_wait(int status) noexcept {
  if (WIFEXITED(status)) return {ending::exited, WEXITSTATUS(status), false};
  if (WIFSTOPPED(status)) return {ending::stopped, WSTOPSIG(status), false};
  if (WIFCONTINUED(status)) return {ending::continued, 0, false};
  return {ending::killed, WTERMSIG(status), WCOREDUMP(status) != 0};
}

exit_status exit_status::exited(int code) noexcept { return {ending::exited, code & 0xff, false}; }

exit_status exit_status::killed(int signal, bool core_dumped) noexcept {
  return {ending::killed, signal, core_dumped};
}

int exit_status::code() const {
  SAMJOKO_CHECK(how_ == ending::exited, "only a process that exited has a code");
  return number_;
}

int exit_status::signal() const {
  SAMJOKO_CHECK(how_ == ending::killed || how_ == ending::stopped, "no signal ended or stopped it");
  return number_;
}

std::string exit_status::sentence() const {
  switch (how_) {
    case ending::exited: return fmt::format("exited with code {}", number_);
    case ending::killed:
      return fmt::format("was killed by {}{}", described(number_),
                         core_dumped_ ? ", core dumped" : "");
    case ending::stopped: return fmt::format("was stopped by {}", described(number_));
    case ending::continued: return "was continued";
  }
  SAMJOKO_CHECK(false, "an ending outside its enumeration");
}

std::string signal_name(int signal) {
  if (const auto* known = find(signal)) return std::string(known->name);
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  }
  return fmt::format("SIG{}", signal);
}

std::string_view signal_meaning(int signal) noexcept {
  const auto* known = find(signal);
  return known != nullptr ? known->meaning : std::string_view{};
}

}  // namespace samjoko::os

#include <samjoko/os/signals.hpp>

#include <cerrno>

#include <samjoko/base/check.hpp>
#include <samjoko/os/signal_state.hpp>

namespace samjoko::os {

constinit signal_state signals_here;

namespace {

auto& installed = signals_here.installed;
auto& kept = signals_here.kept;

result<void> set_action(int signal, const struct sigaction& action) {
  if (::sigaction(signal, &action, nullptr) != 0) {
    return failure(errno, "sigaction", std::to_string(signal));
  }
  return {};
}

void set_default(int signal) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);  // rightly refused for KILL, STOP, the C library's own
}

void set_mask(int how, const sigset_t& set) noexcept {
  SAMJOKO_CHECK(::pthread_sigmask(how, &set, nullptr) == 0,
                "pthread_sigmask fails only on bad arguments");
}

/// The queues of the process that forked this one belong to that process. Their places are left as
/// they are: nothing is written to their pages, which would have to be copied.
void forget_queues() noexcept {
  if (signals_here.first.load() != nullptr) signals_here.first.store(nullptr);
}

void empty_mask() noexcept {
  sigset_t none;
  sigemptyset(&none);
  set_mask(SIG_SETMASK, none);
}

}  // namespace

result<void> install_handler(int signal, signal_handler handler, int flags, in_children later) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigfillset(&action.sa_mask);
  auto set = set_action(signal, action);
  if (!set) return set;
  installed.fetch_or(signal_bit(signal));  // last: has_handler() must not be true too early
  if (later == in_children::kept) kept.fetch_or(signal_bit(signal));
  return set;
}

bool has_handler(int signal) noexcept { return (installed.load() & signal_bit(signal)) != 0; }

result<void> ignore_signal(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  installed.fetch_and(~signal_bit(signal));
  kept.fetch_and(~signal_bit(signal));
  return set_action(signal, action);
}

void survive_stray_signals() noexcept {
  const auto ignore_default = [](int signal) {
    struct sigaction now = {};
    if (::sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0) return;
    if (now.sa_handler == SIG_DFL) static_cast<void>(ignore_signal(signal));
  };
  for (const int signal : {SIGPIPE, SIGXFSZ}) static_cast<void>(ignore_signal(signal));
  for (const int signal : {SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR, SIGSTKFLT, SIGXCPU})
    ignore_default(signal);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ignore_default(signal);
}

signal_mask_guard::signal_mask_guard() noexcept {
  sigset_t all;
  sigfillset(&all);
  SAMJOKO_CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before_) == 0, "cannot block signals");
}

signal_mask_guard::~signal_mask_guard() {
  if (armed_) set_mask(SIG_SETMASK, before_);
}

void reset_signals_in_child() noexcept {
  const auto ours = installed.fetch_and(kept) & ~kept.load();
  for (int signal = 1; signal < signal_limit; ++signal) {
    if ((ours & signal_bit(signal)) == 0) continue;
    set_default(signal);
    signals_here.queues[static_cast<std::size_t>(signal)] = 0;
  }
  forget_queues();
}

void block_only(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

void reset_all_dispositions() noexcept {
  for (int signal = 1; signal < signal_limit; ++signal) set_default(signal);
  installed.store(0);
  kept.store(0);
  signals_here.queues.fill(0);
  forget_queues();
}

void reset_all_signals() noexcept {
  reset_all_dispositions();
  empty_mask();
}

}  // namespace samjoko::os

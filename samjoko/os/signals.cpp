#include <samjoko/os/signals.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include <samjoko/base/check.hpp>

namespace samjoko::os {
namespace {

struct cell {
  std::atomic<std::uint32_t> times{0};
  std::atomic<std::uint64_t> sender{0};  // pid in the high half, user in the low
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a handler must not meet a lock");

/// All in one place and zero at first: what a forked child touches here is one page.
struct signal_state {
  std::atomic<int> wake_after_all{0};       // the eventfd's number plus 1; 0 for none
  std::atomic<std::uint64_t> installed{0};  // bit n: signal n + 1 has a handler of ours
  std::array<cell, signal_limit> cells;
};
constinit signal_state state;
auto& installed = state.installed;
auto& cells = state.cells;

int wake_descriptor() noexcept { return state.wake_after_all.load(std::memory_order_relaxed) - 1; }
void set_wake_descriptor(int number) noexcept { state.wake_after_all.store(number + 1); }

constexpr std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }

bool has_sender(int signal, const siginfo_t& info) noexcept {
  return info.si_code <= 0 || signal == SIGCHLD;
}

// Runs at any moment, on any stack: nothing may be added that is not on the list of man 7
// signal-safety.
void count_and_wake(int signal, siginfo_t* info, void*) noexcept {
  const int saved = errno;
  auto& counted = cells[static_cast<std::size_t>(signal)];
  const bool known = has_sender(signal, *info);
  const auto pid = known ? static_cast<std::uint32_t>(info->si_pid) : 0U;
  const auto user = known ? static_cast<std::uint32_t>(info->si_uid) : 0U;
  counted.sender.store(std::uint64_t{pid} << 32 | user, std::memory_order_relaxed);
  counted.times.fetch_add(1, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(wake_descriptor(), &one, sizeof one);
  errno = saved;
}

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
  ::sigaction(signal, &action, nullptr);  // refused for KILL, STOP and the C library's own: rightly
}

void set_mask(int how, const sigset_t& set) noexcept {
  CHECK(::pthread_sigmask(how, &set, nullptr) == 0, "pthread_sigmask fails only on bad arguments");
}

void forget_queued() noexcept {
  set_wake_descriptor(-1);
  for (auto& each : cells) {
    if (each.times.load() != 0) each.times.store(0);  // no write, no copy of the page
  }
}

void empty_mask() noexcept {
  sigset_t none;
  sigemptyset(&none);
  set_mask(SIG_SETMASK, none);
}

}  // namespace

result<void> install_handler(int signal, signal_handler handler, int flags) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigfillset(&action.sa_mask);
  installed.fetch_or(bit_of(signal));
  return set_action(signal, action);
}

result<void> ignore_signal(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  installed.fetch_and(~bit_of(signal));
  return set_action(signal, action);
}

result<signal_queue> signal_queue::open(std::initializer_list<int> signals) {
  CHECK(wake_descriptor() == -1, "a process has one signal queue");
  os::descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return failure(errno, "eventfd");
  forget_queued();
  set_wake_descriptor(wake.get());
  signal_queue queue(std::move(wake));
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal : signals) {
    // SA_RESTART spares code that blocks elsewhere; who polls the queue is woken by its descriptor.
    if (auto done = install_handler(signal, count_and_wake, SA_RESTART); !done) {
      return failure_of(done);
    }
    sigaddset(&ours, signal);
  }
  set_mask(SIG_UNBLOCK, ours);
  return queue;
}

signal_queue::~signal_queue() {
  if (!wake_ || wake_descriptor() != wake_.get()) return;  // moved from, or a forked copy
  for (int signal = 1; signal < signal_limit; ++signal) {
    struct sigaction action = {};
    if ((installed.load() & bit_of(signal)) == 0) continue;
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    if (action.sa_sigaction != count_and_wake) continue;
    set_default(signal);
    installed.fetch_and(~bit_of(signal));
  }
  forget_queued();
}

std::span<const signal_notice> signal_queue::take() noexcept {
  // The eventfd is emptied before the cells: a signal in between leaves it readable and is seen
  // next time with nothing in its cell, which is harmless. The other order would lose it.
  std::uint64_t wakes = 0;
  [[maybe_unused]] const auto ignored = ::read(wake_.get(), &wakes, sizeof wakes);
  std::size_t count = 0;
  for (int signal = 1; signal < signal_limit; ++signal) {
    auto& counted = cells[static_cast<std::size_t>(signal)];
    if (counted.times.load(std::memory_order_relaxed) == 0) continue;
    const auto times = counted.times.exchange(0, std::memory_order_acquire);
    const auto sender = counted.sender.load(std::memory_order_relaxed);
    taken_[count++] = {signal, times, static_cast<pid_t>(sender >> 32),
                       static_cast<uid_t>(sender & 0xffff'ffff)};
  }
  return {taken_.data(), count};
}

signal_mask_guard::signal_mask_guard() noexcept {
  sigset_t all;
  sigfillset(&all);
  CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before_) == 0, "cannot block signals");
}

signal_mask_guard::~signal_mask_guard() {
  if (armed_) set_mask(SIG_SETMASK, before_);
}

void reset_signals_in_child() noexcept {
  const auto ours = installed.exchange(0);
  for (int signal = 1; signal < signal_limit; ++signal) {
    if ((ours & bit_of(signal)) != 0) set_default(signal);
  }
  forget_queued();
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
  forget_queued();
}

void reset_all_signals() noexcept {
  reset_all_dispositions();
  empty_mask();
}

}  // namespace samjoko::os

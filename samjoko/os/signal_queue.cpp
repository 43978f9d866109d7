#include <samjoko/os/signals.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <samjoko/os/signal_state.hpp>

namespace samjoko::os {
namespace {

auto& here = signals_here;

constexpr std::uint32_t by_kernel_bit = 1U << 31;  // no pid has it (man 5 proc, pid_max)

bool has_sender(int signal, const siginfo_t& info) noexcept {
  return info.si_code <= 0 || signal == SIGCHLD;
}

// Runs at any moment, on any stack and thread: it may only call what is on the list of man 7
// signal-safety.
void count_and_wake(int signal, siginfo_t* info, void*) noexcept {
  const int saved = errno;
  const bool known = has_sender(signal, *info);
  const auto pid = known ? static_cast<std::uint32_t>(info->si_pid) : by_kernel_bit;
  const auto user = known ? static_cast<std::uint32_t>(info->si_uid) : 0U;
  for (auto* each = here.first.load(std::memory_order_acquire); each != nullptr;
       each = each->following) {
    if ((each->wanted.load(std::memory_order_acquire) & signal_bit(signal)) == 0) continue;
    auto& counted = each->cells[static_cast<std::size_t>(signal)];
    counted.sender.store(std::uint64_t{pid} << 32 | user, std::memory_order_relaxed);
    counted.times.fetch_add(1, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(each->wake.get(), &one, sizeof one);
  }
  errno = saved;
}

void silence(const signal_place& place) noexcept {
  std::uint64_t wakes = 0;
  [[maybe_unused]] const auto ignored = ::read(place.wake.get(), &wakes, sizeof wakes);
}

/// Under the mutex: a place whose queue is gone, or a new place, which stays in the list for ever.
result<signal_place*> take_place() {
  auto* first = here.first.load(std::memory_order_relaxed);
  auto* found = first;
  while (found != nullptr && found->taken) found = found->following;
  if (found == nullptr) {
    descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!wake) return failure(errno, "eventfd");
    auto made = std::make_unique<signal_place>();
    made->wake = std::move(wake);
    made->following = first;
    found = made.release();
    here.first.store(found, std::memory_order_release);
  }
  found->taken = true;
  silence(*found);
  for (auto& each : found->cells) each.times.store(0);
  return found;
}

/// Under the mutex.
result<void> begin_to_catch(int signal, signal_place& place) {
  if (signal < 1 || signal >= signal_limit)
    return failure(EINVAL, "sigaction", std::to_string(signal));
  const auto bit = signal_bit(signal);
  const auto index = static_cast<std::size_t>(signal);
  if ((place.wanted.load() & bit) != 0) return {};
  if (here.queues[index] == 0) {
    if ((here.installed.load() & bit) != 0)
      return failure(EBUSY, "sigaction", std::to_string(signal));
    struct sigaction ours = {};
    ours.sa_sigaction = count_and_wake;
    // SA_RESTART spares code that blocks elsewhere; the descriptor wakes the thread that polls.
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&ours.sa_mask);
    place.wanted.fetch_or(bit);  // before the first signal can come
    if (::sigaction(signal, &ours, &here.before[index]) != 0) {
      place.wanted.fetch_and(~bit);
      return failure(errno, "sigaction", std::to_string(signal));
    }
    here.installed.fetch_or(bit);
  }
  place.wanted.fetch_or(bit);
  ++here.queues[index];
  return {};
}

/// Under the mutex. An action that other code has set meanwhile is left alone.
void stop_catching(int signal, signal_place& place) noexcept {
  const auto bit = signal_bit(signal);
  const auto index = static_cast<std::size_t>(signal);
  if ((place.wanted.load() & bit) == 0) return;
  const bool last = here.queues[index] == 1;
  if (here.queues[index] > 0) --here.queues[index];
  struct sigaction now = {};
  const bool ours = ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
                    now.sa_sigaction == count_and_wake;
  if (last && ours) {
    ::sigaction(signal, &here.before[index], nullptr);
    here.installed.fetch_and(~bit);
  }
  place.wanted.fetch_and(~bit);
}

/// False in a forked child, which has none of its parent's queues.
bool is_listed(const signal_place* place) noexcept {
  const auto* each = here.first.load();
  while (each != nullptr && each != place) each = each->following;
  return each != nullptr;
}

bool in_main_thread() noexcept { return ::gettid() == ::getpid(); }

}  // namespace

result<signal_queue> signal_queue::open(std::span<const int> signals) {
  const std::unique_lock lock(here.mutex);
  const auto place = take_place();
  if (!place) return std::unexpected(place.error());
  for (const int signal : signals) {
    auto caught = begin_to_catch(signal, **place);
    if (caught) continue;
    for (const int each : signals) {
      if (each != signal && each > 0 && each < signal_limit) stop_catching(each, **place);
    }
    (*place)->taken = false;
    return failure_of(caught);
  }
  signal_queue queue(**place);
  queue.unblock(signals);
  return queue;
}

void signal_queue::unblock(std::span<const int> signals) noexcept {
  sigemptyset(&unblocked_);
  if (!in_main_thread()) return;
  sigset_t now;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  for (const int signal : signals) {
    if (sigismember(&now, signal) == 1) sigaddset(&unblocked_, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &unblocked_, nullptr);
}

signal_queue::~signal_queue() {
  if (place_ == nullptr || !is_listed(place_)) return;  // moved from, or a forked copy
  if (in_main_thread()) ::pthread_sigmask(SIG_BLOCK, &unblocked_, nullptr);
  const std::unique_lock lock(here.mutex);
  for (int signal = 1; signal < signal_limit; ++signal) stop_catching(signal, *place_);
  place_->taken = false;
}

int signal_queue::descriptor() const noexcept { return place_->wake.get(); }

std::span<const signal_notice> signal_queue::take() noexcept {
  // The eventfd is emptied before the cells. A signal in between leaves it readable, and the next
  // take() finds an empty cell, which is harmless. In the other order the wake-up would be lost.
  silence(*place_);
  const auto wanted = place_->wanted.load();
  std::size_t count = 0;
  for (int signal = 1; signal < signal_limit; ++signal) {
    // A signal that a handler counted for the place's earlier queue is no notice of this one.
    if ((wanted & signal_bit(signal)) == 0) continue;
    auto& counted = place_->cells[static_cast<std::size_t>(signal)];
    if (counted.times.load(std::memory_order_relaxed) == 0) continue;
    const auto times = counted.times.exchange(0, std::memory_order_acquire);
    const auto sender = counted.sender.load(std::memory_order_relaxed);
    const auto pid = static_cast<std::uint32_t>(sender >> 32);
    taken_[count++] = {.signal = signal,
                       .times = times,
                       .sender = static_cast<pid_t>(pid & ~by_kernel_bit),
                       .sender_user = static_cast<uid_t>(sender & 0xffff'ffff),
                       .by_kernel = (pid & by_kernel_bit) != 0};
  }
  return {taken_.data(), count};
}

}  // namespace samjoko::os

#include <samjoko/os/thread_interrupt.hpp>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <samjoko/base/check.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko::os {
namespace {

int interrupt_signal() noexcept { return SIGRTMIN + 3; }

constexpr long millisecond = 1'000'000;

void arm(int timer, long first, long interval) noexcept {
  const itimerspec spec{.it_interval = {.tv_sec = 0, .tv_nsec = interval},
                        .it_value = {.tv_sec = 0, .tv_nsec = first}};
  ::syscall(SYS_timer_settime, timer, 0, &spec, nullptr);
}

}  // namespace

void thread_interrupt::handle(int, siginfo_t*, void*) noexcept {}

thread_interrupt::thread_interrupt() : thread_(::gettid()) {
  // A disposition belongs to the process: the first thread sets it for all.
  if (!has_handler(interrupt_signal())) install();
}

/// Without SA_RESTART, so that the call it interrupts returns EINTR.
void thread_interrupt::install() {
  SAMJOKO_CHECK(
      install_handler(interrupt_signal(), &thread_interrupt::handle, 0, in_children::kept),
      "cannot handle the signal that interrupts threads");
}

thread_interrupt::~thread_interrupt() {
  if (const int timer = timer_.load(); timer >= 0) ::syscall(SYS_timer_delete, timer);
}

/// Raw system calls: the C library's functions are not on the list of async-signal-safe functions.
void thread_interrupt::send() noexcept {
  const int saved = errno;
  sending_.fetch_add(1);
  interrupted_.store(true);
  if (waiting_.load()) {
    ::syscall(SYS_tgkill, ::getpid(), thread_, interrupt_signal());
    repeat_until_acknowledged();
  }
  sending_.fetch_sub(1);
  errno = saved;
}

/// Several threads may come here at once, or a signal handler on top of one. A thread that finds
/// the timer being made leaves the rest to the thread that makes it, which looks at interrupted_
/// last.
void thread_interrupt::repeat_until_acknowledged() noexcept {
  int timer = none;
  if (timer_.compare_exchange_strong(timer, being_made)) {
    timer = make_timer();  // none: the thread that stops another one repeats send()
    timer_.store(timer);
  }
  if (timer < 0) return;
  arm(timer, millisecond, 10 * millisecond);
  if (!interrupted_.load() || !waiting_.load()) arm(timer, 0, 0);
}

int thread_interrupt::make_timer() const noexcept {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = interrupt_signal();
  event._sigev_un._tid = thread_;
  int made = none;
  return ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &made) == 0 ? made : none;
}

/// Once no thread is inside send(), only the timer can still send a signal. The system call that
/// stops the timer returns only after every pending signal was delivered.
bool thread_interrupt::acknowledge() noexcept {
  while (sending_.load() != 0) ::sched_yield();
  interrupted_.store(false);
  if (const int timer = timer_.load(); timer >= 0) arm(timer, 0, 0);
  return true;
}

}  // namespace samjoko::os

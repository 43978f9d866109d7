#include <samjoko/os/kick.hpp>

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

int kick_signal() noexcept { return SIGRTMIN + 3; }

constexpr long millisecond = 1'000'000;

void arm(int timer, long first, long interval) noexcept {
  const itimerspec spec{.it_interval = {.tv_sec = 0, .tv_nsec = interval},
                        .it_value = {.tv_sec = 0, .tv_nsec = first}};
  ::syscall(SYS_timer_settime, timer, 0, &spec, nullptr);
}

}  // namespace

void kick::handle(int, siginfo_t*, void*) noexcept {}

kick::kick() : thread_(::gettid()) {
  // A disposition is the process's: the first thread sets it for all.
  if (!has_handler(kick_signal())) install();
}

/// Without SA_RESTART, so that the call it interrupts returns EINTR.
void kick::install() {
  CHECK(install_handler(kick_signal(), &kick::handle, 0, in_children::kept),
        "cannot handle the kick signal");
}

kick::~kick() {
  if (const int timer = timer_.load(); timer >= 0) ::syscall(SYS_timer_delete, timer);
}

/// Raw system calls: those of the C library are not on the list of async-signal-safe functions.
void kick::send() noexcept {
  const int saved = errno;
  sending_.fetch_add(1);
  kicked_.store(true);
  if (waiting_.load()) {
    ::syscall(SYS_tgkill, ::getpid(), thread_, kick_signal());
    repeat_until_acknowledged();
  }
  sending_.fetch_sub(1);
  errno = saved;
}

/// Several may come here at once, one of them out of a signal handler on top of another: whoever
/// finds the timer being made leaves the rest to its maker, who looks at kicked_ last.
void kick::repeat_until_acknowledged() noexcept {
  int timer = none;
  if (timer_.compare_exchange_strong(timer, being_made)) {
    timer = make_timer();  // none: whoever stops a thread kicks it again until it is gone
    timer_.store(timer);
  }
  if (timer < 0) return;
  arm(timer, millisecond, 10 * millisecond);
  if (!kicked_.load() || !waiting_.load()) arm(timer, 0, 0);
}

int kick::make_timer() const noexcept {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kick_signal();
  event._sigev_un._tid = thread_;
  int made = none;
  return ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &made) == 0 ? made : none;
}

/// Once nobody is inside send() no signal is on its way any more but what the timer repeats; the
/// system call that stops the timer returns only after every pending one was delivered.
bool kick::acknowledge() noexcept {
  while (sending_.load() != 0) ::sched_yield();
  kicked_.store(false);
  if (const int timer = timer_.load(); timer >= 0) arm(timer, 0, 0);
  return true;
}

}  // namespace samjoko::os

#include <samjoko/os/own_clock.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace samjoko::os {

// The system calls themselves: timer_create(3) is not on the list of man 7 signal-safety.
bool own_timer::arm(int signal, milliseconds time) noexcept {
  const int saved = errno;
  sigevent how{};
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = signal;
  const auto left = std::max<milliseconds::rep>(time.count(), 1);
  itimerspec when{};
  when.it_value = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1'000'000};
  int made = timer_;
  const bool exists =
      made != none || ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &how, &made) == 0;
  if (exists) timer_ = made;
  const bool done = exists && ::syscall(SYS_timer_settime, timer_, 0, &when, nullptr) == 0;
  errno = saved;
  return done;
}

bool signal_oneself_after(int signal, milliseconds time) noexcept {
  return own_timer().arm(signal, time);
}

}  // namespace samjoko::os

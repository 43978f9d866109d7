#include <samjoko/os/own_clock.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace samjoko::os {

// The system calls themselves: timer_create(3) is not on the list of man 7 signal-safety.
bool signal_oneself_after(int signal, milliseconds time) noexcept {
  const int saved = errno;
  sigevent how{};
  how.sigev_notify = SIGEV_SIGNAL;
  how.sigev_signo = signal;
  int timer = 0;  // the kernel's timer_t
  const auto left = std::max<milliseconds::rep>(time.count(), 1);
  itimerspec when{};
  when.it_value = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1'000'000};
  const bool done = ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &how, &timer) == 0 &&
                    ::syscall(SYS_timer_settime, timer, 0, &when, nullptr) == 0;
  errno = saved;
  return done;
}

}  // namespace samjoko::os

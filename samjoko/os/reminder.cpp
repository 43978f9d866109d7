#include <samjoko/os/reminder.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <samjoko/base/check.hpp>

namespace samjoko::os {

reminder::reminder()
    : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)), owner_(::getpid()) {
  SAMJOKO_CHECK(timer_, "no descriptor left for a timer");
}

void reminder::set(milliseconds from_now) const noexcept {
  if (::getpid() != owner_) return;
  const int saved = errno;
  itimerspec when = {};
  when.it_value.tv_sec = from_now.count() / 1000;
  when.it_value.tv_nsec = from_now.count() % 1000 * 1'000'000;
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
  errno = saved;
}

bool reminder::take() const noexcept {
  std::uint64_t times = 0;
  return ::read(timer_.get(), &times, sizeof times) == sizeof times;
}

}  // namespace samjoko::os

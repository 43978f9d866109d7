#include <samjoko/os/poll.hpp>

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>

#include <samjoko/base/check.hpp>

namespace samjoko::os {

std::size_t poll_until(std::span<pollfd> wanted, deadline until) noexcept {
  while (true) {
    const auto now = steady::now();
    const int ready = ::poll(wanted.data(), wanted.size(), until.poll_timeout(now));
    if (ready > 0) return static_cast<std::size_t>(ready);
    // ENOMEM is a shortage in the kernel and passes; EFAULT and EINVAL would be bugs of ours.
    SAMJOKO_CHECK(ready == 0 || errno == EINTR || errno == ENOMEM, "poll was misused");
    if (until.passed(steady::now())) return 0;
  }
}

bool wait_readable(int number, deadline until) noexcept {
  pollfd wanted{number, POLLIN, 0};
  return poll_until({&wanted, 1}, until) == 1;
}

result<descriptor> watch_together(std::initializer_list<int> numbers) {
  descriptor together(::epoll_create1(EPOLL_CLOEXEC));
  if (!together) return failure(errno, "epoll_create1");
  for (const int number : numbers) {
    if (auto added = watch_also(together, number, true, false); !added) return failure_of(added);
  }
  return together;
}

result<void> watch_also(const descriptor& together, int number, bool to_read, bool to_write) {
  epoll_event event = {};
  event.events =
      (to_read ? std::uint32_t{EPOLLIN} : 0U) | (to_write ? std::uint32_t{EPOLLOUT} : 0U);
  event.data.fd = number;
  if (::epoll_ctl(together.get(), EPOLL_CTL_ADD, number, &event) == 0) return {};
  if (errno == EEXIST && ::epoll_ctl(together.get(), EPOLL_CTL_MOD, number, &event) == 0) return {};
  return failure(errno, "epoll_ctl");
}

void watch_no_more(const descriptor& together, int number) noexcept {
  ::epoll_ctl(together.get(), EPOLL_CTL_DEL, number, nullptr);
}

}  // namespace samjoko::os

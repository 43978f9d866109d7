#include <samjoko/os/epoll.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <samjoko/base/check.hpp>

namespace samjoko::os {

epoll::epoll()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SAMJOKO_CHECK(epoll_ && wake_, "no descriptor left for an event loop");
  SAMJOKO_CHECK(add(wake_.get(), EPOLLIN | EPOLLET) == 0,
                "an event loop cannot watch its own wake-up");
}

int epoll::add(int fd, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int epoll::change(int fd, std::uint32_t events) noexcept {
  epoll_event event{.events = events, .data = {.fd = fd}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void epoll::remove(int fd) noexcept { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<epoll_event> epoll::wait(std::span<epoll_event> room, int timeout_ms,
                                   bool& woken) noexcept {
  const int count =
      ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), timeout_ms);
  woken = false;
  if (count <= 0) return {};
  auto events = room.first(static_cast<std::size_t>(count));
  for (auto& event : events) {
    if (event.data.fd != wake_.get()) continue;
    std::uint64_t ignored = 0;
    woken = ::read(wake_.get(), &ignored, sizeof ignored) > 0;
    event = events.back();
    return events.first(events.size() - 1);
  }
  return events;
}

void epoll::wake() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(wake_.get(), &one, sizeof one);
  errno = saved;
}

}  // namespace samjoko::os

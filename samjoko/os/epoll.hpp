#pragma once
// Charter: one epoll instance and the eventfd that wakes it (man 7 epoll, man 2 eventfd).

#include <sys/epoll.h>

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <span>

namespace samjoko::os {

class epoll {
 public:
  epoll();

  /// 0 or an errno. Registered once, edge-triggered; a close of the last copy of `fd` takes it out.
  [[nodiscard]] int add(int fd, std::uint32_t events) noexcept;
  /// Other events for what is registered. Those that are there already are told anew. 0 or an
  /// errno.
  [[nodiscard]] int change(int fd, std::uint32_t events) noexcept;
  /// Takes it out; needed only when another descriptor still refers to the same open socket.
  void remove(int fd) noexcept;

  /// Waits; EINTR counts as nothing happened. A wake is swallowed and told in `woken`.
  std::span<epoll_event> wait(std::span<epoll_event> room, int timeout_ms, bool& woken) noexcept;

  /// Itself readable while there are events: for poll(2) over several.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }

  /// From any thread or a signal handler: the present or next wait ends.
  void wake() noexcept;

 private:
  os::descriptor epoll_;
  os::descriptor wake_;
};

}  // namespace samjoko::os

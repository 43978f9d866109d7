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

  /// 0 or an errno. Registered once, edge-triggered; a close of the last copy of `fd` removes it.
  [[nodiscard]] int add(int fd, std::uint32_t events) noexcept;
  /// Other events for a descriptor that is registered. Events that are already there are reported
  /// again. 0 or an errno.
  [[nodiscard]] int change(int fd, std::uint32_t events) noexcept;
  /// Removes it; needed only when another descriptor still refers to the same open socket.
  void remove(int fd) noexcept;

  /// Waits; EINTR counts as no event. A wake is consumed and told in `woken`.
  std::span<epoll_event> wait(std::span<epoll_event> room, int timeout_ms, bool& woken) noexcept;

  /// The instance's own descriptor, readable while there are events: for poll(2) over several.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }

  /// From any thread or a signal handler: the present or next wait ends.
  void wake() noexcept;

 private:
  os::descriptor epoll_;
  os::descriptor wake_;
};

}  // namespace samjoko::os

#pragma once
// Charter: where the main thread of a forking or threading worker waits: poll(2) over its
// listeners, its orders, and an event_fd by which its threads wake it. It accepts; it never
// serves.

#include <poll.h>

#include <array>
#include <memory_resource>
#include <samjoko/os/event_fd.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/task/stop.hpp>
#include <vector>

namespace samjoko::serve {

class accept_loop {
 public:
  /// `event_fd`: made readable by other threads that need the main thread; may be null.
  accept_loop(workload& work, os::event_fd* event_fd);

  struct news {
    bool clients = false;         ///< some listener has a client
    bool children_ended = false;  ///< reap
  };
  /// Waits for news at most `timeout_ms` (-1: without a limit). It takes orders by itself: look at
  /// stop(). Before the stop flag rises the listeners become non-blocking, so that a thread that
  /// sees the flag may drain the backlog. The event_fd only ends the wait, and is cleared.
  news wait(bool for_clients, int timeout_ms);

  /// Adds a descriptor whose readability ends the wait.
  void watch(int descriptor) {
    waits_.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }

  [[nodiscard]] stop_flag& stop() noexcept { return stop_; }

  /// The listeners that had a client in the last wait.
  template <class Each>
  void for_each_ready(Each each) {
    for (std::size_t index = 0; index < work_.listeners.size(); ++index) {
      if (waits_[index].revents != 0) each(work_.listeners[index]);
    }
  }

 private:
  void obey(stop_level level);

  workload& work_;
  os::event_fd* event_fd_;
  stop_flag stop_;
  /// Written in each wait. It lies here, on the stack of the waiting thread, which is written to
  /// anyway: after a fork each written page is copied.
  std::array<std::byte, 8 * sizeof(pollfd)> place_;
  std::pmr::monotonic_buffer_resource near_{place_.data(), place_.size()};
  std::pmr::vector<pollfd> waits_{&near_};
};

}  // namespace samjoko::serve

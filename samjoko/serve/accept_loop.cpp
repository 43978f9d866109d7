#include <samjoko/serve/accept_loop.hpp>

#include <algorithm>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {

accept_loop::accept_loop(workload& work, os::event_fd* event_fd)
    : work_(work), event_fd_(event_fd) {
  waits_.reserve(work.listeners.size() + 3);
  for (const int listener : work.listeners)
    waits_.push_back({.fd = listener, .events = POLLIN, .revents = 0});
  waits_.push_back({.fd = work.from_master.descriptor, .events = POLLIN, .revents = 0});
  waits_.push_back({.fd = event_fd ? event_fd->descriptor() : -1, .events = POLLIN, .revents = 0});
}

void accept_loop::obey(stop_level level) {
  if (level != stop_level::none && !stop_.requested()) {
    for (const int listener : work_.listeners) static_cast<void>(os::set_blocking(listener, false));
  }
  stop_.request(level);
}

accept_loop::news accept_loop::wait(bool for_clients, int timeout_ms) {
  const auto listeners = work_.listeners.size();
  auto& orders = waits_[listeners];
  orders.fd = work_.from_master.descriptor;  // gone when the master is
  for (auto& each : waits_) each.revents = 0;
  const auto skipped = for_clients ? 0 : listeners;
  if (::poll(waits_.data() + skipped, waits_.size() - skipped, timeout_ms) <= 0) return {};

  news found;
  if (waits_[listeners + 1].revents != 0) event_fd_->clear();
  if (orders.revents != 0) {
    const auto taken = work_.from_master.take();
    obey(taken.stop);
    found.children_ended = taken.children_ended;
  }
  for (std::size_t index = 0; index < listeners; ++index)
    found.clients |= waits_[index].revents != 0;
  return found;
}

}  // namespace samjoko::serve

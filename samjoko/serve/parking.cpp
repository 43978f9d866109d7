#include <samjoko/serve/parking.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {
namespace {

constexpr milliseconds linger_time{1000};

}  // namespace

void parking::park(guest in, milliseconds idle) {
  const int number = in.client.socket.get();
  resting_.push_back(
      {.held = std::move(in),
       .until = idle == milliseconds(0) ? deadline::never() : deadline::after(idle)});
  by_descriptor_[number] = std::prev(resting_.end());
  // What arrived before this call is an event too.
  if (epoll_.add(number, EPOLLIN | EPOLLRDHUP) != 0) begin_linger(std::prev(resting_.end()));
}

parking::guest parking::remove(places::iterator which) {
  const int number = which->held.client.socket.get();
  epoll_.remove(number);
  by_descriptor_.erase(number);
  guest out = std::move(which->held);
  list_of(*which).erase(which);
  return out;
}

void parking::begin_linger(places::iterator which) {
  which->lingers = true;
  which->until = deadline::after(linger_time);
  os::shutdown_send(which->held.client.socket.get());
  lingering_.splice(lingering_.end(), resting_, which);
}

void parking::close_all() {
  while (!resting_.empty()) begin_linger(resting_.begin());
}

bool parking::is_over(const place& which) {
  std::array<std::byte, 4096> ignored;
  io::buffer_pool unused;
  for (;;) {
    io::operation receive;
    receive.fd = which.held.client.socket.get();
    receive.data = ignored.data();
    receive.size = ignored.size();
    if (!io::attempt(receive, unused, true)) return false;
    if (receive.result <= 0) return true;
  }
}

deadline parking::next_expiry() const noexcept {
  auto first = deadline::never();
  if (!resting_.empty()) first = resting_.front().until;
  if (!lingering_.empty()) first = std::min(first, lingering_.front().until);
  return first;
}

}  // namespace samjoko::serve

#include <samjoko/serve/idle_queue.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/socket.hpp>
#include <utility>

namespace samjoko::serve {
namespace {

/// How many reads of a half-closed client's bytes are thrown away before the others have their
/// turn.
constexpr int reads_at_once = 16;

}  // namespace

void idle_queue::keep(client in, milliseconds idle) {
  idle_.push_back({.idle = std::move(in),
                   .until = idle == milliseconds(0) ? deadline::never() : deadline::after(idle)});
  watch(std::prev(idle_.end()));
}

void idle_queue::linger(half_closed_client in) {
  lingering_.push_back({.idle = {.socket = std::move(in.socket), .held = std::move(in.held)},
                        .until = in.until,
                        .lingers = true,
                        .gets_more_time = in.gets_more_time});
  const auto which = std::prev(lingering_.end());
  sort_in(which);
  watch(which);
}

/// Puts a lingering client in order; all the others are in order.
void idle_queue::sort_in(places::iterator which) {
  auto before = lingering_.end();
  while (before != lingering_.begin()) {
    const auto one = std::prev(before);
    if (one != which && one->until <= which->until) break;
    before = one;
  }
  lingering_.splice(before, lingering_, which);
}

/// Whether the client, whose time is over, still takes what is under way to it.
bool idle_queue::linger_longer(places::iterator which, steady::time_point now) {
  const auto left = os::bytes_under_way(which->idle.socket.get());
  if (left == 0 || !which->gets_more_time) return false;
  if (!which->slow) which->slow.emplace(left, limits_, now);
  const auto then = which->slow->next_look(left, usual_linger_time, now);
  if (!then) return false;
  which->until = *then;
  sort_in(which);
  return true;
}

void idle_queue::watch(places::iterator which) {
  const int number = which->idle.socket.get();
  by_descriptor_[number] = which;
  // What arrived before this call is an event too.
  bool watched = epoll_.add(number, EPOLLIN | EPOLLRDHUP) == 0;
  const auto* beside = which->idle.beside;
  if (beside != nullptr && beside->watched_descriptor() >= 0) {
    which->beside = beside->watched_descriptor();
    by_descriptor_[which->beside] = which;
    watched = watched && epoll_.add(which->beside, EPOLLIN | EPOLLRDHUP) == 0;
  }
  if (!watched && !which->lingers) begin_linger(which);
}

void idle_queue::watch_beside_no_more(places::iterator which) {
  if (which->beside < 0) return;
  epoll_.remove(which->beside);
  by_descriptor_.erase(std::exchange(which->beside, -1));
}

idle_queue::place idle_queue::remove(places::iterator which) {
  const int number = which->idle.socket.get();
  epoll_.remove(number);
  by_descriptor_.erase(number);
  watch_beside_no_more(which);
  auto out = std::move(*which);
  list_of(out).erase(which);
  return out;
}

void idle_queue::begin_linger(places::iterator which) {
  which->lingers = true;
  watch_beside_no_more(which);
  if (std::exchange(which->idle.beside, nullptr) != nullptr) which->idle.state.reset();
  which->until = deadline::after(usual_linger_time);
  os::shutdown_send(which->idle.socket.get());
  lingering_.splice(lingering_.end(), idle_, which);
  sort_in(which);
}

void idle_queue::expire(steady::time_point now) {
  while (!idle_.empty() && idle_.front().until.passed(now)) begin_linger(idle_.begin());
  while (!lingering_.empty() && lingering_.front().until.passed(now)) {
    const auto first = lingering_.begin();
    if (!linger_longer(first, now)) remove(first);
  }
}

void idle_queue::drop_all() {
  while (!idle_.empty()) remove(idle_.begin());
  while (!lingering_.empty()) remove(lingering_.begin());
}

void idle_queue::close_all() {
  for (auto next = idle_.begin(); next != idle_.end();) {
    const auto which = next++;
    if (which->idle.had_turn) {
      begin_linger(which);
    } else if (std::exchange(which->may_still_begin, false)) {
      which->until = std::min(which->until, deadline::after(first_bytes_time));
    }
  }
}

bool idle_queue::is_over(const place& which) {
  std::array<std::byte, 4096> ignored;
  io::buffer_pool unused;
  for (int reads = 0; reads < reads_at_once; ++reads) {
    io::operation receive;
    receive.fd = which.idle.socket.get();
    receive.data = ignored.data();
    receive.size = ignored.size();
    if (!io::attempt(receive, unused, true)) return false;
    if (receive.result <= 0) return true;
  }
  return false;
}

deadline idle_queue::next_expiry() const noexcept {
  auto first = deadline::never();
  if (!idle_.empty()) first = idle_.front().until;
  if (!lingering_.empty()) first = std::min(first, lingering_.front().until);
  return first;
}

}  // namespace samjoko::serve

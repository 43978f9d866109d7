// How a session leaves its client: by an abort, or half-closed and read to its end.

#include <algorithm>
#include <cerrno>
#include <new>
#include <samjoko/net/parting.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/session.hpp>
#include <utility>

namespace samjoko::serve {

/// An abort: what was written arrives, then the close resets (connection::reset).
session::step session::begin_parting() noexcept {
  phase_ = phase::parting;
  auto& loop = host_.loop;
  const bool waits =
      loop.is_real() &&
      !detail::wait_for_delivery(
          {loop, fd, host_.limits, host_.stop},
          [](void* self) noexcept { static_cast<session*>(self)->go({&session::end}); }, this);
  return waits ? step{} : end();
}

session::step session::begin_linger() noexcept {
  if (stops_at_once()) return end();
  if (beside_ != nullptr) state_.reset();  // the client hears no news any more
  phase_ = phase::lingering;
  slow_ = nullptr;
  unread_.reset();
  do_now(io::operation_kind::shutdown_send);
  idle_ms = 0;
  until = host_.loop.deadline_after(host_.owner.linger_time());
  data = nullptr;
  size = 0;
  if (detach_wanted_ || !host_.owner.keeps_idle(*this)) return linger_away();
  host_.owner.session_idle(*this, true);
  return wait_for_bytes();
}

session::step session::linger_away() noexcept {
  host_.loop.task_ended();
  do_now(io::operation_kind::release);
  host_.owner.session_lingers(*this, {.socket = os::descriptor(std::exchange(fd, -1)),
                                      .held = std::move(held_),
                                      .until = until,
                                      .gets_more_time = gets_more_time()});
  return {};
}

session::step session::linger_over() noexcept {
  if (result == -ECANCELED && !stops_at_once()) {  // its place is needed
    host_.owner.session_idle(*this, false);
    if (detach_wanted_) return linger_away();
    until = std::min(until, host_.loop.deadline_after(host_.owner.linger_time()));
    return wait_for_bytes();
  }
  if (result == -ETIMEDOUT) return linger_longer();
  if (result <= 0) return end();
  host_.loop.buffers().give_back(std::exchange(data, nullptr));
  // A client that never falls silent would never make the loop look at the deadline.
  if (until.passed(host_.loop.now())) return linger_longer();
  return wait_for_bytes();
}

/// The client's time is over, but perhaps it still takes what is under way to it.
session::step session::linger_longer() noexcept {
  const auto left = host_.loop.is_real() ? os::bytes_under_way(fd) : 0;
  if (left == 0 || !gets_more_time()) return end();
  const auto now = host_.loop.now();
  if (slow_ == nullptr) slow_ = new (std::nothrow) slow_reader(left, host_.limits, now);
  const auto then =
      slow_ == nullptr ? std::nullopt : slow_->next_look(left, host_.owner.linger_time(), now);
  if (!then) return end();
  until = *then;
  return wait_for_bytes();
}

/// A client that was cut because it reads too slowly gets no more time.
bool session::gets_more_time() const noexcept { return !failed_to_write_ && !stops_at_once(); }

}  // namespace samjoko::serve

// How a session leaves its client: by an abort, or half-closed and read to its end.

#include <cerrno>
#include <new>
#include <samjoko/net/parting.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko::serve {

session::~session() = default;

/// An abort: what was written arrives, then the close resets (connection::reset).
bool session::begin_parting() noexcept {
  phase_ = phase::parting;
  auto& loop = connection_.loop();
  const bool waits =
      loop.is_real() && !detail::wait_for_delivery(
                            {loop, connection_.socket(), connection_.limits(), connection_.stop()},
                            [](void* self) noexcept { static_cast<session*>(self)->end(); }, this);
  return waits ? false : end();
}

bool session::begin_linger() noexcept {
  if (connection_.stop_level() == stop_level::immediate) return end();
  phase_ = phase::lingering;
  if (connection_.beside() != nullptr) state_ = {};  // the client hears no news any more
  connection_.shutdown_send();
  wait_.idle_ms = 0;
  wait_.until = deadline::after(owner_.linger_time());
  wait_.data = nullptr;
  wait_.size = 0;
  if (detach_wanted_ || !owner_.keeps_resting(*this)) return linger_away();
  owner_.session_rests(*this, true);
  return wait_for_bytes(&session::linger_over);
}

bool session::linger_away() noexcept {
  connection_.loop().task_ended();
  const bool more = gets_more_time();
  owner_.session_lingers(
      *this,
      {.socket = connection_.release_socket(), .until = wait_.until, .gets_more_time = more});
  return false;
}

bool session::linger_over() noexcept {
  const bool hurried =
      wait_.result == -ECANCELED && connection_.stop_level() != stop_level::immediate;
  if (hurried) {
    owner_.session_rests(*this, false);
    if (detach_wanted_) return linger_away();
    wait_.until = std::min(wait_.until, deadline::after(owner_.linger_time()));
    return wait_for_bytes(&session::linger_over);
  }
  if (wait_.result == -ETIMEDOUT) return linger_longer();
  if (wait_.result <= 0) return end();
  connection_.loop().buffers().give_back(std::exchange(wait_.data, nullptr));
  // A client that never falls silent would never make the loop look at the deadline.
  if (wait_.until.passed(connection_.loop().now())) return linger_longer();
  return wait_for_bytes(&session::linger_over);
}

/// The client's time is over, but perhaps it still takes what is under way to it.
bool session::linger_longer() noexcept {
  const auto left = connection_.loop().is_real() ? os::bytes_under_way(connection_.socket()) : 0;
  if (left == 0 || !gets_more_time()) return end();
  const auto now = connection_.loop().now();
  if (slow_ == nullptr)
    slow_.reset(new (std::nothrow) slow_reader(left, connection_.limits(), now));
  const auto then =
      slow_ == nullptr ? std::nullopt : slow_->next_look(left, owner_.linger_time(), now);
  if (!then) return end();
  wait_.until = *then;
  return wait_for_bytes(&session::linger_over);
}

/// A client that was cut because it reads too slowly gets no more time.
bool session::gets_more_time() const noexcept {
  return !connection_.has_failed_to_write() && connection_.stop_level() != stop_level::immediate;
}

}  // namespace samjoko::serve

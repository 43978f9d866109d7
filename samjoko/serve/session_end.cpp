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
  if (connection_.beside() != nullptr) state_ = {};  // it hears nothing any more
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
  owner_.session_lingers(*this, connection_.release_socket(), wait_.until);
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
  // A client that never falls silent never makes the loop look at the deadline.
  if (wait_.until.passed(connection_.loop().now())) return linger_longer();
  return wait_for_bytes(&session::linger_over);
}

/// The client's time is over. What it still sends would now meet a closed socket, whose reset
/// destroys what is under way to it (RFC 9112 section 9.6): as long as some is and becomes less,
/// the session waits for it, within the limits of a write.
bool session::linger_longer() noexcept {
  const auto now = connection_.loop().now();
  const auto left = connection_.loop().is_real() ? os::bytes_under_way(connection_.socket()) : 0;
  // A reader that was cut because it is too slow gets no more time.
  if (left == 0 || connection_.has_failed_to_write()) return end();
  if (connection_.stop_level() == stop_level::immediate) return end();
  const auto& limits = connection_.limits();
  const auto time = owner_.linger_time();
  if (slow_ == nullptr) {
    slow_.reset(new (std::nothrow) slow_reader{.under_way = left + 1, .give_up = {}, .end = {}});
    if (slow_ == nullptr) return end();
    const auto rate = limits.minimum_write_rate;
    if (rate != 0)
      slow_->end = deadline(now + limits.write_grace + milliseconds(left * 1000 / rate));
  }
  if (left < slow_->under_way) {
    slow_->under_way = left;
    slow_->give_up = deadline(now + linger_times_without_progress * time);
  }
  if (slow_->give_up.passed(now) || slow_->end.passed(now)) return end();
  wait_.until = deadline(now + time);
  return wait_for_bytes(&session::linger_over);
}

}  // namespace samjoko::serve

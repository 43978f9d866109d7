// What ends a session's turn from outside: the limit on a turn's time, and a stop of the server.

#include <new>
#include <samjoko/log/writer.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko::serve {

/// Set before the turn: a blocking loop waits in place for a client that is alone on it, and would
/// hear of nothing else. False when there is no memory.
bool session::begin_limit() noexcept {
  if (alarms_ != nullptr) alarms_->are_over = false;
  const auto most = connection_.limits().turn;
  return most == milliseconds(0) || set(&alarms::turn, most, &session::turn_takes_too_long);
}

/// False when there is no memory.
bool session::set(alarm alarms::* which, milliseconds time,
                  void (session::*rings)() noexcept) noexcept {
  if (alarms_ == nullptr) alarms_.reset(new (std::nothrow) alarms);
  if (alarms_ == nullptr) return false;
  auto& loop = connection_.loop();
  auto& sleep = (*alarms_).*which;
  sleep.kind = io::operation_kind::sleep;
  sleep.until = loop.deadline_after(time);
  sleep.owner = this;
  sleep.rings = rings;
  sleep.complete = [](io::operation& self) noexcept {
    auto& ended = static_cast<alarm&>(self);
    ended.owner->alarm_ended(ended);
  };
  loop.task_started();
  sleep.waits = loop.begin(sleep) == io::start::pending;
  if (!sleep.waits) alarm_ended(sleep);
  return true;
}

/// The turn is over. The session waits until its alarms have gone.
bool session::end_limit(step then) noexcept {
  then_ = then;
  if (alarms_ == nullptr) return true;
  alarms_->are_over = true;
  auto& loop = connection_.loop();
  for (auto* each : {&alarms_->turn, &alarms_->first_bytes})
    if (each->waits) loop.cancel(*each);
  return !alarms_->turn.waits && !alarms_->first_bytes.waits;
}

void session::alarm_ended(alarm& ended) noexcept {
  ended.waits = false;
  connection_.loop().task_ended();
  if (!alarms_->are_over) return (this->*ended.rings)();
  if (!alarms_->turn.waits && !alarms_->first_bytes.waits) go(true);
}

void session::turn_takes_too_long() noexcept {
  log::warning("turn timeout",
               "service {}: a turn took longer than {} ms (--turn-timeout), its client is closed",
               service_.name, connection_.limits().turn.count());
  auto& context = connection_.context();
  if (!context.cancelled) context.cancel();
}

void session::no_first_bytes() noexcept { connection_.end_wait_for_request(); }

void session::look_at_stop() noexcept {
  auto& context = connection_.context();
  if (connection_.stop_level() == stop_level::immediate) {
    if (!context.cancelled) context.cancel();
    if (phase_ == phase::resting || phase_ == phase::lingering) connection_.loop().cancel(wait_);
  } else if (phase_ == phase::resting) {
    if (had_turn_ || may_still_begin_) end_rest();  // else the client is waited for in the stop
  } else if (phase_ == phase::serving) {
    end_wait_for_request();
  }
}

/// For a plain handler. A client that was accepted an instant ago has its first bytes under way, as
/// in wait_for_first_bytes().
void session::end_wait_for_request() noexcept {
  const bool may_begin = std::exchange(may_still_begin_, false) && !connection_.has_read();
  const bool is_over = alarms_ != nullptr && alarms_->are_over;
  if (alarms_ != nullptr && alarms_->first_bytes.waits) return;
  const auto time = std::min(first_bytes_time, owner_.linger_time());
  if (service_.stops_between_reads && may_begin && !is_over &&
      set(&alarms::first_bytes, time, &session::no_first_bytes))
    return;
  connection_.end_wait_for_request();
}

}  // namespace samjoko::serve

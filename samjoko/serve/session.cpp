#include <samjoko/serve/session.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::serve {

session::session(io::loop& on, resting_client client, const service& offered,
                 const connection_limits& limits, const stop_flag& stop, session_owner& owner)
    : service_(offered),
      owner_(owner),
      connection_(on, std::move(client.socket), limits, stop),
      state_(std::move(client.state)),
      had_turn_(client.had_turn) {
  runnable::run = [](runnable& self) noexcept {
    auto& me = static_cast<session&>(self);
    me.go(me.work_over());
  };
  connection_.stop_ends_reads(offered.stops_between_reads);
  if (client.beside != nullptr) client.beside->move_to(&connection_);
  wait_.owner = this;
  wait_.fd = connection_.socket();
  wait_.complete = [](io::operation& self) noexcept {
    auto& me = *static_cast<wait&>(self).owner;
    me.go((me.*me.then_)());
  };
}

void session::start() noexcept {
  connection_.loop().task_started();
  if (!service_.handler.has_turns())
    return go(begins_in_a_stop() ? wait_for_first_bytes() : serve_whole());
  if (!had_turn_) {
    try {
      state_ = service_.handler.make_state();
    } catch (...) {
      return go(end());
    }
  }
  if (service_.server_speaks_first && !had_turn_) return go(begin_turn());
  go(begin_rest());
}

/// The steps call each other only through go(), so that a chain of turns does not grow the stack.
void session::go(bool more) noexcept {
  while (more) more = (this->*then_)();
}

/// A stop would end a plain handler's first read before the bytes that are under way arrive.
bool session::begins_in_a_stop() const noexcept {
  return service_.stops_between_reads && connection_.stop_level() == stop_level::graceful;
}

bool session::serve_whole() noexcept {
  phase_ = phase::serving;
  scoreboard::mark_client(connection_.socket());
  if (!begin_limit()) return end();
  try {
    whole_ = service_.handler.serve(connection_);
    if (!whole_.start(connection_.context(), *this)) return false;
  } catch (...) {  // the frame could not be made
    return end_limit(&session::end);
  }
  return work_over();
}

bool session::begin_turn() noexcept {
  phase_ = phase::serving;
  scoreboard::mark_client(connection_.socket());
  had_turn_ = true;
  if (!begin_limit()) return end();
  auto turn = make_turn();
  if (!turn.exists()) return end_limit(&session::end);
  if (!turn.start(connection_.context(), *this)) {
    turn_ = std::move(turn);
    return false;
  }
  return go_on(outcome_of(turn));
}

/// Empty when the frame could not be made.
task<next> session::make_turn() noexcept {
  try {
    return service_.handler.turn(connection_, state_);
  } catch (...) {
    return {};
  }
}

bool session::work_over() noexcept {
  auto outcome = next::close;
  if (turn_.exists()) {
    outcome = outcome_of(turn_);
    turn_.reset();
  } else {
    outcome_of(whole_);
    whole_.reset();
  }
  return go_on(outcome);
}

template <class Outcome>
next session::outcome_of(task<Outcome>& ended) noexcept {
  try {
    if constexpr (std::is_void_v<Outcome>) {
      ended.take();
    } else {
      return ended.take();
    }
  } catch (const std::exception& thrown) {
    log::error("handler", "service {}: a handler threw, its client is closed: {}", service_.name,
               thrown.what());
  } catch (...) {
    log::error("handler", "service {}: a handler threw, its client is closed", service_.name);
  }
  return next::close;
}

bool session::go_on(next wanted) noexcept {
  if (connection_.is_reset()) return end_limit(&session::begin_parting);
  const bool was_last = connection_.peer_has_finished() || connection_.was_silent_too_long();
  const bool rests = wanted == next::keep && !connection_.context().cancelled && !was_last;
  return end_limit(rests                        ? &session::begin_rest
                   : connection_.wants_linger() ? &session::begin_linger
                                                : &session::end);
}

bool session::wait_for_bytes(step then) noexcept {
  wait_.kind = io::operation_kind::receive;
  wait_.allowance_ms = 0;
  then_ = then;
  return connection_.loop().begin(wait_) == io::start::done;
}

bool session::begin_rest() noexcept {
  const bool has_unread = !connection_.unread().empty();
  auto* beside = connection_.beside();
  const bool heard = beside != nullptr && beside->take_progress();
  // A turn that used up nothing needs more bytes; else unread bytes are another request.
  if ((connection_.take_progress() && has_unread) || (heard && beside->has_news()))
    return go_to(&session::begin_turn);
  connection_.receive_more_by(wait_);
  if (has_unread && wait_.size == 0) return begin_linger();  // more than one block: cannot rest
  if (can_be_given_away() && !owner_.keeps_resting(*this)) detach_wanted_ = true;
  if (connection_.stop_requested() || detach_wanted_) return take_last_bytes();
  phase_ = phase::resting;
  owner_.session_rests(*this, true);
  wait_.idle_ms = connection_.idle_ms();
  wait_.until = deadline::never();
  return beside != nullptr ? rest_beside(*beside) : wait_for_bytes(&session::rest_over);
}

/// A client with half a request, or with part of some news, cannot be given away.
bool session::can_be_given_away() const noexcept {
  const auto* beside = connection_.beside();
  return connection_.unread().empty() && (beside == nullptr || beside->watched_descriptor() >= 0);
}

/// Two waits side by side: the first one to end ends the other.
bool session::rest_beside(wake_source& other) noexcept {
  auto& news = other.news;
  auto& loop = connection_.loop();
  loop.task_started();  // with two tasks alive a blocking loop waits for both
  news.has_come = false;
  if (wait_for_bytes(&session::bytes_came)) {
    loop.task_ended();
    return rest_over();
  }
  other.wait_for_news(news);
  news.owner = this;
  news.complete = [](io::operation& self) noexcept {
    static_cast<session*>(static_cast<wake_source::rest_wait&>(self).owner)->news_came();
  };
  news.waits_too = true;
  news.waits_here = true;
  if (loop.begin(news) == io::start::done) news_came();
  return false;
}

/// The client's own wait has ended: bytes came, or there are news.
bool session::bytes_came() noexcept {
  auto& news = connection_.beside()->news;
  news.waits_too = false;
  if (news.waits_here) {
    connection_.loop().cancel(news);
    return false;
  }
  connection_.loop().task_ended();
  return rest_over();
}

void session::news_came() noexcept {
  auto& news = connection_.beside()->news;
  news.waits_here = false;
  news.has_come = news.result != -ECANCELED;
  if (news.waits_too) return connection_.loop().cancel(wait_);
  connection_.loop().task_ended();
  go(rest_over());
}

bool session::rest_over() noexcept {
  owner_.session_rests(*this, false);
  phase_ = phase::serving;
  if (wait_.result > 0) {
    connection_.take_received(wait_);
    return service_.handler.has_turns() ? begin_turn() : serve_whole();
  }
  const auto* beside = connection_.beside();
  const bool has_news = beside != nullptr && beside->news.has_come;
  const bool ends = connection_.stop_requested() || connection_.context().cancelled;
  if (has_news && wait_.result < 0 && !ends && !detach_wanted_) return begin_turn();
  if (wait_.result == -ECANCELED && !connection_.context().cancelled) return take_last_bytes();
  if (is_owed_a_last_turn()) return go_to(&session::begin_turn);
  const auto when_late =
      service_.handler.has_turns() ? &session::begin_linger : &session::serve_whole;
  then_ = wait_.result == -ETIMEDOUT ? when_late : &session::end;
  return true;
}

/// After a rest that ended without bytes: whether the handler may still answer, or say why it ends.
bool session::is_owed_a_last_turn() noexcept {
  const bool may_hear = wait_.result == 0 || wait_.result == -ETIMEDOUT;
  if (!may_hear || !service_.notify_on_stop || !had_turn_ || std::exchange(said_goodbye_, true))
    return false;
  connection_.begin_last_turn(wait_.result == 0 ? connection::last_turn::finished
                                                : connection::last_turn::silent);
  return true;
}

/// Decides that no request had begun: bytes that have reached our kernel count. A stop that comes
/// after the look at the socket is left to the next owner of the client, because bytes may have
/// come before it.
bool session::take_last_bytes() noexcept {
  const bool detaches = std::exchange(detach_wanted_, false);
  const bool stops = connection_.stop_requested();
  connection_.receive_more_by(wait_);
  wait_.kind = io::operation_kind::receive_now;
  connection_.loop().begin(wait_);
  if (wait_.result > 0) {
    connection_.take_received(wait_);
    return go_to(&session::begin_turn);
  }
  if (is_owed_a_last_turn()) return go_to(&session::begin_turn);
  if (wait_.result != -EAGAIN) return end();
  if (stops && service_.notify_on_stop && !said_goodbye_) {
    said_goodbye_ = true;
    return go_to(&session::begin_turn);
  }
  const bool may_begin = !had_turn_ && may_still_begin_;
  if (stops && !detaches && may_begin) return wait_for_first_bytes();
  if (!detaches || (stops && !may_begin)) return begin_linger();
  if (!can_be_given_away()) return go_to(&session::begin_rest);
  return give_away();
}

/// Happens once: when the wait ends, by time or because its place is needed, rest_over half-closes
/// the client.
bool session::wait_for_first_bytes() noexcept {
  may_still_begin_ = false;
  if (connection_.stop_level() == stop_level::immediate) return end();
  phase_ = phase::resting;
  owner_.session_rests(*this, true);
  wait_.idle_ms = 0;
  wait_.until = deadline::after(std::min(first_bytes_time, owner_.linger_time()));
  return wait_for_bytes(&session::rest_over);
}

bool session::give_away() noexcept {
  connection_.loop().task_ended();
  auto* beside = connection_.beside();
  if (beside != nullptr) beside->move_to(nullptr);
  owner_.session_detached(
      *this, resting_client(connection_.release_socket(), std::move(state_), had_turn_, beside));
  return false;
}

bool session::end() noexcept {
  connection_.loop().task_ended();
  owner_.session_ended(*this);
  return false;
}

void session::end_rest() noexcept {
  if (phase_ == phase::resting || phase_ == phase::lingering) connection_.loop().cancel(wait_);
}

void session::detach() noexcept {
  detach_wanted_ = true;
  end_rest();
}

}  // namespace samjoko::serve

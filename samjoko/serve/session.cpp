#include <samjoko/serve/session.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace samjoko::serve {

static_assert(sizeof(void*) != 8 || sizeof(session) <= 168,
              "an idle client costs this, and 16 bytes more are a larger block of the allocator");

session::session(session_host& host, client from) noexcept
    : host_(host),
      held_(std::move(from.held)),
      state_(std::move(from.state)),
      beside_(from.beside),
      idle_limit_ms_(static_cast<std::uint32_t>(host.limits.idle.count())),
      had_turn_(from.had_turn) {
  fd = from.socket.release();
  if (beside_ != nullptr) beside_->move_to(&host.loop);
  complete = [](io::operation& self) noexcept {
    auto& me = static_cast<session&>(self);
    me.go(me.waited());
  };
}

/// Counted out before it is closed: a client that sees the end may come again at once.
session::~session() {
  if (phase_ == phase::lingering) const std::unique_ptr<slow_reader> gone(slow_);
  unread_.reset();
  state_.reset();
  held_.reset();
  if (fd >= 0) do_now(io::operation_kind::close);
}

void session::start() noexcept {
  host_.loop.task_started();
  if (!has_turns()) return go(begins_in_a_stop() ? wait_for_first_bytes() : serve());
  if (!had_turn_) {
    try {
      state_ = host_.offered.handler.make_state();
    } catch (...) {
      return go(end());
    }
    if (host_.offered.server_speaks_first) return go(serve());
  }
  go(begin_idle());
}

void session::go(step first) noexcept {
  for (auto now = first; now.run != nullptr;) now = (this->*now.run)();
}

/// A stop would end a plain handler's first read before the bytes that are under way arrive.
bool session::begins_in_a_stop() const noexcept {
  return host_.offered.stops_between_reads && host_.stop.level() == stop_level::graceful;
}

session::step session::serve() noexcept {
  auto* const free = host_.take();
  if (free == nullptr) return end();  // no memory
  auto* const beside = beside_;
  phase_ = phase::serving;
  now_ = free;
  return now_->begin(*this, beside) ? step{&session::served} : step{};
}

session::step session::served() noexcept {
  auto& ended = *now_;
  const auto then = ended.outcome();
  const auto& on = ended.served_on();
  failed_to_write_ = on.has_failed_to_write();
  idle_limit_ms_ = on.idle_ms();
  fd = on.socket();  // -1: the handler gave it away
  phase_ = phase::idle;
  beside_ = on.beside();
  ended.end(unread_);
  host_.give_back(ended);
  switch (then) {
    case serving::then::keep: return begin_idle();
    case serving::then::linger: return begin_linger();
    case serving::then::abort: return begin_parting();
    case serving::then::close: break;
  }
  return end();
}

session::step session::wait_for_bytes() noexcept {
  kind = io::operation_kind::receive;
  return host_.loop.begin(*this) == io::start::done ? waited() : step{};
}

/// What the end of a wait means: a step of its own, so that it can follow at once.
session::step session::waited() noexcept {
  if (phase_ == phase::lingering) return {&session::linger_over};
  const bool beside = beside_ != nullptr && beside_->news.waits_too;
  return {beside ? &session::bytes_came : &session::idle_over};
}

std::int64_t session::do_now(io::operation_kind what) noexcept {
  io::operation immediate;
  immediate.kind = what;
  immediate.fd = fd;
  host_.loop.begin(immediate);
  return immediate.result;
}

/// Makes the wait a receive behind the bytes that are unread already, or into a fresh block.
void session::receive_behind_unread() noexcept {
  data = nullptr;
  size = 0;
  if (unread_.empty()) return unread_.reset();
  if (unread_.tail().empty()) unread_.compact();
  data = unread_.tail().data();
  size = unread_.tail().size();
}

void session::take_received() noexcept {
  const auto count = static_cast<std::size_t>(result);
  if (unread_.has_block()) {
    unread_.extend(count);
  } else {
    unread_ = lease(host_.loop.buffers(), data, count);
  }
}

session::step session::begin_idle() noexcept {
  receive_behind_unread();
  if (!unread_.empty() && size == 0) return begin_linger();  // more than one block
  if (can_be_given_away() && !host_.owner.keeps_idle(*this)) detach_wanted_ = true;
  if (stops() || detach_wanted_) return {&session::take_last_bytes};
  host_.owner.session_idle(*this, true);
  idle_ms = idle_limit_ms_;
  until = deadline::never();
  return beside_ != nullptr ? idle_beside(*beside_) : wait_for_bytes();
}

/// A client with half a request, or with part of some news, cannot be given away.
bool session::can_be_given_away() const noexcept {
  return unread_.empty() && (beside_ == nullptr || beside_->watched_descriptor() >= 0);
}

/// Two waits side by side: the first one to end ends the other.
session::step session::idle_beside(wake_source& other) noexcept {
  auto& news = other.news;
  auto& loop = host_.loop;
  loop.task_started();  // with two tasks alive a blocking loop waits for both
  news.has_come = false;
  news.waits_too = false;
  if (const auto over = wait_for_bytes(); over.run != nullptr) {
    loop.task_ended();
    return over;
  }
  other.wait_for_news(news);
  news.owner = this;
  news.complete = [](io::operation& self) noexcept {
    auto& me = *static_cast<session*>(static_cast<wake_source::idle_wait&>(self).owner);
    me.go(me.news_came());
  };
  news.waits_too = true;
  news.waits_here = true;
  return loop.begin(news) == io::start::done ? news_came() : step{};
}

/// The client's own wait has ended: bytes came, or there are news.
session::step session::bytes_came() noexcept {
  auto& news = beside_->news;
  news.waits_too = false;
  if (news.waits_here) {
    host_.loop.cancel(news);
    return {};
  }
  host_.loop.task_ended();
  return idle_over();
}

session::step session::news_came() noexcept {
  auto& news = beside_->news;
  news.waits_here = false;
  news.has_come = news.result != -ECANCELED;
  if (news.waits_too) {
    host_.loop.cancel(*this);
    return {};
  }
  host_.loop.task_ended();
  return idle_over();
}

session::step session::idle_over() noexcept {
  host_.owner.session_idle(*this, false);
  if (result > 0) {
    take_received();
    return serve();
  }
  const bool has_news = beside_ != nullptr && beside_->news.has_come;
  if (has_news && result < 0 && !stops() && !detach_wanted_) return serve();
  if (result == -ECANCELED && !stops_at_once()) return take_last_bytes();
  if (is_owed_a_last_turn()) return serve();
  if (result != -ETIMEDOUT) return end();
  return has_turns() ? begin_linger() : serve();
}

/// After an idle wait that ended without bytes: whether the handler may still answer, or say why it
/// ends.
bool session::is_owed_a_last_turn() noexcept {
  const bool may_hear = result == 0 || result == -ETIMEDOUT;
  if (!may_hear || !host_.offered.notify_on_stop || !had_turn_ || said_goodbye_) return false;
  said_goodbye_ = true;
  last_turn_ = result == 0 ? connection::last_turn::finished : connection::last_turn::silent;
  return true;
}

session::step session::end() noexcept {
  host_.loop.task_ended();
  host_.owner.session_ended(*this);
  return {};
}

}  // namespace samjoko::serve

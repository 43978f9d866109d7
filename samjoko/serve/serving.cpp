#include <samjoko/serve/serving.hpp>

#include <algorithm>
#include <samjoko/log/writer.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/serve/session.hpp>
#include <utility>

namespace samjoko::serve {

/// The life waits for its next client.
class serving::until_begun {
 public:
  explicit until_begun(serving& of) noexcept : of_(of) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> life) noexcept {
    of_.waiter_ = life;
    of_.is_over_ = true;
    if (!of_.begins_) of_.host_.loop.push(of_);
  }
  void await_resume() const noexcept {}

 private:
  serving& of_;
};

/// The life waits until the alarms of the turn are gone.
class serving::until_quiet {
 public:
  explicit until_quiet(serving& of) noexcept : of_(of) {}
  bool await_ready() const noexcept { return of_.is_quiet(); }
  void await_suspend(std::coroutine_handle<> life) noexcept { of_.waiter_ = life; }
  void await_resume() const noexcept {}

 private:
  serving& of_;
};

serving::serving(session_host& host) noexcept
    : host_(host), connection_(host.loop, host.limits, host.stop) {
  runnable::run = [](runnable& self) noexcept {
    auto& whom = *static_cast<serving&>(self).whom_;
    whom.go({&session::served});
  };
  connection_.stop_ends_reads(host.offered.stops_between_reads);
  begins_ = true;
  try {
    life_ = live();
    life_.start(connection_.context(), *this);
  } catch (...) {  // the frame could not be made
    life_.reset();
  }
  begins_ = false;
}

serving::~serving() = default;

task<> serving::live() {
  const auto& handler = host_.offered.handler;
  for (;;) {
    co_await until_begun(*this);
    auto wanted = next::close;
    do {
      begin_turn();
      wanted = next::close;
      try {
        if (handler.has_turns()) {
          whom_->had_turn_ = true;
          wanted = co_await handler.turn(connection_, whom_->state_);
        } else {
          co_await handler.serve(connection_);
        }
      } catch (const std::exception& thrown) {
        log::error("handler", "service {}: a handler threw, its client is closed: {}",
                   host_.offered.name, thrown.what());
      } catch (...) {
        log::error("handler", "service {}: a handler threw, its client is closed",
                   host_.offered.name);
      }
      turn_is_over_ = true;
      if (!is_quiet()) [[unlikely]] {
        end_limit();
        co_await until_quiet(*this);
      }
    } while (goes_on(wanted));
  }
}

bool serving::begin(session& whom, wake_source* beside) noexcept {
  whom_ = &whom;
  connection_.begin_turn(whom.fd, whom.unread_, beside, whom.idle_limit_ms_, whom.last_turn_);
  if (beside != nullptr) [[unlikely]]
    beside->attach_to(&connection_);
  is_over_ = false;
  begins_ = true;
  waiter_.resume();
  begins_ = false;
  return is_over_;
}

void serving::begin_turn() noexcept {
  scoreboard::mark_client(connection_.socket());
  turn_is_over_ = false;
  // Set before the turn: a blocking loop waits in place for a client that is alone on it, and would
  // hear of nothing else.
  const auto most = host_.limits.turn;
  if (most != milliseconds(0)) set(turn_, most, &serving::turn_takes_too_long);
}

/// Whether another turn begins at once. If not, says how the client is left.
bool serving::goes_on(next wanted) noexcept {
  if (connection_.is_reset()) {
    then_ = then::abort;
    return false;
  }
  const bool was_last = connection_.peer_has_finished() || connection_.was_silent_too_long();
  if (wanted != next::keep || connection_.context().cancelled || was_last) {
    then_ = connection_.wants_linger() ? then::linger : then::close;
    return false;
  }
  then_ = then::keep;
  connection_.set_deadline(deadline::never());
  auto* beside = connection_.beside();
  const bool heard = beside != nullptr && beside->take_progress();
  // A turn that used up nothing needs more bytes; else unread bytes are another request.
  return (connection_.take_progress() && !connection_.unread().empty()) ||
         (heard && beside->has_news());
}

void serving::set(alarm& which, milliseconds time, void (serving::*rings)() noexcept) noexcept {
  auto& loop = host_.loop;
  which.kind = io::operation_kind::sleep;
  which.until = loop.deadline_after(time);
  which.owner = this;
  which.rings = rings;
  which.complete = [](io::operation& self) noexcept {
    auto& ended = static_cast<alarm&>(self);
    ended.owner->alarm_ended(ended);
  };
  loop.task_started();
  which.waits = loop.begin(which) == io::start::pending;
  if (!which.waits) alarm_ended(which);
}

void serving::end_limit() noexcept {
  for (auto* each : {&turn_, &first_bytes_})
    if (each->waits) host_.loop.cancel(*each);
}

void serving::alarm_ended(alarm& ended) noexcept {
  ended.waits = false;
  host_.loop.task_ended();
  if (!turn_is_over_) return (this->*ended.rings)();
  if (is_quiet()) waiter_.resume();
}

void serving::turn_takes_too_long() noexcept {
  log::warning("turn timeout",
               "service {}: a turn took longer than {} ms (--turn-timeout), its client is closed",
               host_.offered.name, host_.limits.turn.count());
  cancel();
}

void serving::no_first_bytes() noexcept { connection_.end_wait_for_request(); }

void serving::cancel() noexcept {
  auto& context = connection_.context();
  if (!context.cancelled) context.cancel();
}

void serving::end_wait_for_request() noexcept {
  const bool may_begin = whom_->may_still_begin_ && !connection_.has_read();
  whom_->may_still_begin_ = false;
  if (first_bytes_.waits) return;
  if (host_.offered.stops_between_reads && may_begin && !turn_is_over_) {
    const auto time = std::min(first_bytes_time, host_.owner.linger_time());
    return set(first_bytes_, time, &serving::no_first_bytes);
  }
  connection_.end_wait_for_request();
}

}  // namespace samjoko::serve

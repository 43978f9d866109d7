// What ends the wait of an idle client from outside: a stop of the server, or its place is needed.

#include <algorithm>
#include <cerrno>
#include <samjoko/serve/session.hpp>
#include <utility>

namespace samjoko::serve {

void session::look_at_stop() noexcept {
  if (phase_ == phase::serving)
    return stops_at_once() ? now_->cancel() : now_->end_wait_for_request();
  if (phase_ == phase::parting) return;
  // A client that has never spoken is waited for in a graceful stop.
  const bool is_waited_for = !had_turn_ && !may_still_begin_;
  if (stops_at_once() || (phase_ == phase::idle && !is_waited_for)) host_.loop.cancel(*this);
}

void session::end_idle() noexcept {
  if (phase_ == phase::idle || phase_ == phase::lingering) host_.loop.cancel(*this);
}

void session::detach() noexcept {
  detach_wanted_ = true;
  end_idle();
}

/// Decides that no request had begun: bytes that have reached our kernel count. A stop that comes
/// after the look at the socket is left to the next owner of the client, because bytes may have
/// come before it.
session::step session::take_last_bytes() noexcept {
  const bool detaches = detach_wanted_;
  detach_wanted_ = false;
  const bool had_to_stop = stops();
  receive_behind_unread();
  kind = io::operation_kind::receive_now;
  host_.loop.begin(*this);
  if (result > 0) {
    take_received();
    return serve();
  }
  if (is_owed_a_last_turn()) return serve();
  if (result != -EAGAIN) return end();
  if (had_to_stop && host_.offered.notify_on_stop && !said_goodbye_) {
    said_goodbye_ = true;
    return serve();
  }
  const bool may_begin = !had_turn_ && may_still_begin_;
  if (had_to_stop && !detaches && may_begin) return wait_for_first_bytes();
  if (!detaches || (had_to_stop && !may_begin)) return begin_linger();
  if (!can_be_given_away()) return {&session::begin_idle};
  return give_away();
}

/// Happens once: when the wait ends, by time or because its place is needed, idle_over half-closes
/// the client.
session::step session::wait_for_first_bytes() noexcept {
  may_still_begin_ = false;
  if (stops_at_once()) return end();
  host_.owner.session_idle(*this, true);
  receive_behind_unread();
  idle_ms = 0;
  until = host_.loop.deadline_after(std::min(first_bytes_time, host_.owner.linger_time()));
  return wait_for_bytes();
}

session::step session::give_away() noexcept {
  host_.loop.task_ended();
  if (beside_ != nullptr) beside_->move_to(nullptr);
  do_now(io::operation_kind::release);
  host_.owner.session_detached(*this, {.socket = os::descriptor(std::exchange(fd, -1)),
                                       .held = std::move(held_),
                                       .state = std::move(state_),
                                       .beside = std::exchange(beside_, nullptr),
                                       .had_turn = had_turn_});
  return {};
}

}  // namespace samjoko::serve

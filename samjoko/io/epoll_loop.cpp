#include <samjoko/io/epoll_loop.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/io/attempt.hpp>
#include <samjoko/io/turn.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <utility>

namespace samjoko::io {
namespace {

/// How many operations one task completes in place before the others get their turn.
constexpr int completions_per_turn = 64;
constexpr std::size_t events_per_wait = 512;

/// After these events a receive that left room in its buffer may have left bytes, or the end,
/// unread: they came with the same edge. Urgent data (EPOLLPRI) ends a receive early at its mark
/// (man 7 tcp).
constexpr std::uint32_t hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/// A listener that several workers share wakes one of them (EPOLLEXCLUSIVE allows no other flags).
constexpr std::uint32_t events_for(operation_kind kind) noexcept {
  if (kind == operation_kind::accept) return EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
  constexpr std::uint32_t input = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  return waits_to_send(kind) ? input | EPOLLOUT : input;
}

}  // namespace

epoll_loop::epoll_loop() : loop(false), budget_(completions_per_turn) {}

void epoll_loop::grow(std::size_t least) {
  descriptors_.resize(std::max(least, descriptors_.size() * 2));
}

start epoll_loop::begin(operation& wanted) {
  if (wanted.kind == operation_kind::sleep) {
    wanted.due = timers::due_of(wanted, clock_.now(), clock_.lag());
    wanted.state = operation_state::pending;
    timers_.add(wanted);
    return start::pending;
  }
  if (is_immediate(wanted.kind)) {
    if (wanted.kind >= operation_kind::release) forget(wanted);
    do_now(wanted, buffers());
    return start::done;
  }
  auto& state = state_of(wanted.fd);
  SAMJOKO_CHECK(state.place_of(wanted.kind) == nullptr, one_at_a_time);
  const bool may_try = waits_to_send(wanted.kind) ? state.may_write : state.may_read;
  if (may_try && budget_ <= 0) {
    defer(wanted, steady::time_point::max());
    return start::pending;
  }
  if (may_try && try_now(wanted, state, nullptr)) {
    --budget_;
    return start::done;
  }
  return wait(wanted, state);
}

start epoll_loop::wait(operation& wanted, descriptor_state& state) {
  if (wanted.yields) {
    defer(wanted, timers::due_of(wanted, clock_.now(), clock_.lag()));
    return start::pending;
  }
  return waits_for_backlog(wanted) ? pause(wanted) : keep_pending(wanted, state);
}

/// A registration belongs to the open socket and outlives its descriptor: it is removed before the
/// descriptor is given away. A close removes it by itself.
void epoll_loop::forget(const operation& last) {
  auto& state = state_of(last.fd);
  SAMJOKO_CHECK(state.reader == nullptr && state.writer == nullptr,
                "closed or given away with an operation in flight");
  SAMJOKO_CHECK(
      std::ranges::none_of(paused_, [&](const auto* each) { return each->fd == last.fd; }),
      "closed or given away with an operation that is tried again");
  if (last.kind == operation_kind::release && state.for_events != watched::nothing)
    epoll_.remove(last.fd);
  state = {};
}

bool epoll_loop::try_now(operation& wanted, descriptor_state& state, bool* progressed) {
  if (wanted.kind == operation_kind::receive) return receive(wanted, state);
  const bool finished = attempt(wanted, buffers(), false, progressed);
  if (waits_to_send(wanted.kind)) {
    state.may_write = finished || wanted.yields;
  } else if (!finished) {
    state.may_read = false;
  } else if (wanted.kind == operation_kind::accept && wanted.result >= 0) {
    if (state.for_events == watched::nothing)  // a client waited before the listener was watched
      state.only_bytes = !os::may_pass_descriptors(wanted.fd);
    const bool only_bytes = state.only_bytes;
    state_of(static_cast<int>(wanted.result)).only_bytes = only_bytes;  // `state` may be gone here
  }
  return finished;
}

/// A partial receive is remembered: until the next edge there is nothing more, unless the end came
/// too, or descriptors lay beside the bytes.
bool epoll_loop::receive(operation& wanted, descriptor_state& state) {
  const auto room = wanted.data == nullptr ? buffer_pool::block_size : wanted.size;
  const bool finished = state.only_bytes ? attempt_receive(wanted, buffers())
                                         : attempt_beside_descriptors(wanted, buffers());
  if (!finished) {
    state.may_read = false;
  } else if (wanted.result > 0) {
    const bool full = static_cast<std::size_t>(wanted.result) >= room;
    state.may_read = full || state.hung_up || wanted.yields;
    wanted.yields = false;
  }
  return finished;
}

/// 0 or an errno. An edge between the attempt and this call is reported at once (man 2 epoll_ctl).
int epoll_loop::watch(const operation& wanted, descriptor_state& state, watched needed) noexcept {
  const auto events = events_for(wanted.kind);
  const int code = state.for_events == watched::nothing ? epoll_.add(wanted.fd, events)
                                                        : epoll_.change(wanted.fd, events);
  if (code == 0) state.for_events = needed;
  if (wanted.kind == operation_kind::accept)
    state.only_bytes = !os::may_pass_descriptors(wanted.fd);
  return code;
}

start epoll_loop::keep_pending(operation& wanted, descriptor_state& state) {
  const auto needed = waits_to_send(wanted.kind) ? watched::both : watched::input;
  const int code = state.for_events >= needed ? 0 : watch(wanted, state, needed);
  if (code == ENOMEM || code == ENOSPC) {  // the shortage in the kernel will pass
    log::warning("epoll", "epoll_ctl: {}; clients wait until there is room again", reason(code));
    return pause(wanted);
  }
  if (code != 0) {
    wanted.result = -code;
    return start::done;
  }
  auto*& place = state.place_of(wanted.kind);
  SAMJOKO_CHECK(place == nullptr, one_at_a_time);
  place = &wanted;
  if (wanted.state != operation_state::paused) set_due(wanted);
  wanted.state = operation_state::pending;
  return start::pending;
}

/// Its deadline stays as it was, however often it is tried again.
start epoll_loop::pause(operation& wanted) {
  if (wanted.state != operation_state::paused) set_due(wanted);
  wanted.state = operation_state::paused;
  if (paused_.empty()) try_again_at_ = os::coarse_now() + try_again_after;
  paused_.push_back(&wanted);
  return start::pending;
}

void epoll_loop::try_again(operation& paused) {
  auto& state = state_of(paused.fd);
  const bool connected = waits_for_backlog(paused) && try_now(paused, state, nullptr);
  if (!connected && wait(paused, state) == start::pending) return;
  timers_.remove(paused);
  finish(paused, paused.result);
}

void epoll_loop::set_due(operation& wanted) noexcept {
  wanted.due = steady::time_point::max();
  if (wanted.idle_ms == 0 && wanted.allowance_ms == 0 && wanted.until.is_never()) return;
  wanted.due = timers::due_of(wanted, clock_.now(), clock_.lag());
  timers_.add(wanted);
}

void epoll_loop::defer(operation& wanted, steady::time_point due) noexcept {
  wanted.state = operation_state::deferred;
  wanted.due = due;
  deferred_.append(wanted);
  state_of(wanted.fd).place_of(wanted.kind) = &wanted;
}

void epoll_loop::leave_place(operation& pending) noexcept {
  if (pending.kind == operation_kind::sleep) return;
  if (pending.state == operation_state::paused) {
    std::erase(paused_, &pending);
    return;
  }
  descriptors_[static_cast<std::size_t>(pending.fd)].place_of(pending.kind) = nullptr;
}

/// The result is set; complete() follows from run(), never from within begin() or cancel().
void epoll_loop::finish(operation& ended, std::int64_t result) noexcept {
  ended.result = result;
  ended.state = operation_state::finished;
  finished_.append(ended);
}

void epoll_loop::cancel(operation& pending) noexcept {
  if (pending.state == operation_state::deferred) {
    deferred_.remove(pending);
    leave_place(pending);
  } else if (pending.state == operation_state::pending ||
             pending.state == operation_state::paused) {
    timers_.remove(pending);
    leave_place(pending);
  } else {
    return;
  }
  finish(pending, -ECANCELED);
}

void epoll_loop::resume(operation* waiter, descriptor_state& state) {
  if (waiter == nullptr || waiter->state == operation_state::deferred) return;
  bool progressed = false;
  if (!try_now(*waiter, state, &progressed)) {
    if (waiter->yields) {
      timers_.remove(*waiter);
      leave_place(*waiter);
      static_cast<void>(wait(*waiter, state));
    } else if (progressed && waiter->idle_ms != 0) {
      timers_.remove(*waiter);
      set_due(*waiter);
    }
    return;
  }
  timers_.remove(*waiter);
  leave_place(*waiter);
  waiter->state = operation_state::free;
  budget_ = completions_per_turn;
  waiter->complete(*waiter);
}

void epoll_loop::handle(const epoll_event& event) {
  const int fd = event.data.fd;
  {
    auto& state = state_of(fd);
    if ((event.events & hang_up) != 0) state.hung_up = true;
    if ((event.events & (EPOLLIN | hang_up)) != 0) state.may_read = true;
    if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) state.may_write = true;
    if (state.may_read) resume(state.reader, state);
  }
  auto& state = state_of(fd);  // the table may have grown
  if (state.may_write) resume(state.writer, state);
}

void epoll_loop::run_deferred() {
  const auto* last = deferred_.last();  // what is deferred from here on waits for the next turn
  for (bool more = true; more && !deferred_.empty();) {
    auto* next = deferred_.first();
    more = next != last;
    deferred_.remove(*next);
    leave_place(*next);
    next->state = operation_state::free;
    budget_ = completions_per_turn;
    if (next->due != steady::time_point::max() && next->due <= os::coarse_now()) {
      finish(*next, -ETIMEDOUT);
      continue;
    }
    if (begin(*next) == start::done) next->complete(*next);
  }
}

void epoll_loop::try_paused() {
  if (paused_.empty() || os::coarse_now() < try_again_at_) return;
  for (auto* each : std::exchange(paused_, {})) try_again(*each);
}

void epoll_loop::complete_finished() noexcept {
  while (auto* next = finished_.first()) {
    finished_.remove(*next);
    next->state = operation_state::free;
    budget_ = completions_per_turn;
    next->complete(*next);
  }
}

int epoll_loop::longest_wait() noexcept {
  if (anything_ready() || anything_posted() || !deferred_.empty() || !finished_.empty()) return 0;
  if (!paused_.empty())
    return std::min(timers_.next(), deadline(try_again_at_)).poll_timeout(os::coarse_now());
  return timers_.empty() ? -1 : timers_.next().poll_timeout(os::coarse_now());
}

void epoll_loop::one_turn() {
  std::array<epoll_event, events_per_wait> room;
  bool woken = false;
  scoreboard::mark_waiting();
  const auto events = epoll_.wait(room, longest_wait(), woken);
  begin_turn();
  scoreboard::mark_client(-1);
  for (const auto& event : events) handle(event);
  scoreboard::mark_client(-1);  // a task that a queue makes ready marks its client itself
  if (woken) run_attention();
  run_ready();
  if (!deferred_.empty()) run_deferred();
  try_paused();
  timers_.expire(os::coarse_now(), [this](operation& late) {
    leave_place(late);
    finish(late, late.kind == operation_kind::sleep ? 0 : -ETIMEDOUT);
  });
  complete_finished();
}

void epoll_loop::run() {
  run_ready();
  while (live_tasks() > 0) one_turn();
}

}  // namespace samjoko::io

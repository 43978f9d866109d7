#include <samjoko/io/epoll_loop.hpp>

#include <array>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/clock.hpp>

namespace samjoko::io {
namespace {

/// How many operations one task completes in place before the others get their turn.
constexpr int completions_per_turn = 64;
constexpr std::size_t events_per_wait = 512;

/// After these a receive that left room in its buffer may have left bytes, or the end, behind: they
/// came with the same edge. Urgent data (EPOLLPRI) ends a receive early at its mark (man 7 tcp).
constexpr std::uint32_t hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/// A listener that several workers share wakes one of them (EPOLLEXCLUSIVE allows no other flags).
constexpr std::uint32_t events_for(operation_kind kind) noexcept {
  if (kind == operation_kind::accept) return EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
  return EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
}

}  // namespace

epoll_loop::epoll_loop() : loop(false), budget_(completions_per_turn) {}

epoll_loop::descriptor_state& epoll_loop::state_of(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= descriptors_.size()) descriptors_.resize(std::max(index + 1, index * 2));
  return descriptors_[index];
}

start epoll_loop::begin(operation& wanted) {
  if (wanted.kind == operation_kind::sleep) {
    wanted.due = timers::due_of(wanted, os::coarse_now(), os::coarse_lag());
    wanted.state = operation_state::parked;
    timers_.add(wanted);
    return start::parked;
  }
  if (is_immediate(wanted.kind)) {
    if (wanted.kind >= operation_kind::release) forget(wanted);
    do_now(wanted, buffers());
    return start::done;
  }
  auto& state = state_of(wanted.fd);
  const bool may_try = waits_to_send(wanted.kind) ? state.may_write : state.may_read;
  if (may_try && budget_ <= 0) {
    defer(wanted);
    return start::parked;
  }
  if (may_try && try_now(wanted, state, nullptr)) {
    --budget_;
    return start::done;
  }
  return park(wanted, state);
}

/// A registration belongs to the open socket and outlives its descriptor: before the descriptor is
/// given away it is taken out. A close takes it out by itself.
void epoll_loop::forget(const operation& last) {
  auto& state = state_of(last.fd);
  CHECK(state.reader == nullptr && state.writer == nullptr,
        "closed or given away with an operation in flight");
  if (last.kind == operation_kind::release && state.registered) epoll_.remove(last.fd);
  state = {};
}

bool epoll_loop::try_now(operation& wanted, descriptor_state& state, bool* progressed) {
  // A partial receive is remembered: until the next edge there is nothing more, unless the end came
  // too.
  const auto room = wanted.data == nullptr ? buffer_pool::block_size : wanted.size;
  const bool finished = attempt(wanted, buffers(), false, progressed);
  if (waits_to_send(wanted.kind)) {
    state.may_write = finished;
  } else if (!finished) {
    state.may_read = false;
  } else if (wanted.kind == operation_kind::receive && wanted.result > 0) {
    state.may_read = state.hung_up || static_cast<std::size_t>(wanted.result) >= room;
  }
  return finished;
}

start epoll_loop::park(operation& wanted, descriptor_state& state) {
  if (!state.registered) {
    const int code = epoll_.add(wanted.fd, events_for(wanted.kind));
    if (code != 0) {
      wanted.result = -code;
      return start::done;
    }
    state.registered = true;
  }
  auto*& place = waits_to_send(wanted.kind) ? state.writer : state.reader;
  CHECK(place == nullptr, "two operations of one direction on one descriptor");
  place = &wanted;
  wanted.state = operation_state::parked;
  wanted.due = steady::time_point::max();
  if (wanted.idle_ms != 0 || wanted.allowance_ms != 0 || !wanted.until.is_never()) {
    wanted.due = timers::due_of(wanted, os::coarse_now(), os::coarse_lag());
    timers_.add(wanted);
  }
  return start::parked;
}

void epoll_loop::defer(operation& wanted) noexcept {
  wanted.state = operation_state::deferred;
  deferred_.append(wanted);
}

void epoll_loop::unpark(operation& parked) noexcept {
  timers_.remove(parked);
  if (parked.kind == operation_kind::sleep) return;
  auto& state = descriptors_[static_cast<std::size_t>(parked.fd)];
  (waits_to_send(parked.kind) ? state.writer : state.reader) = nullptr;
}

/// The result is set; complete() follows from run(), never from within begin() or cancel().
void epoll_loop::finish(operation& ended, std::int64_t result) noexcept {
  ended.result = result;
  ended.state = operation_state::finished;
  finished_.append(ended);
}

void epoll_loop::cancel(operation& parked) noexcept {
  if (parked.state == operation_state::deferred) {
    deferred_.remove(parked);
  } else if (parked.state == operation_state::parked) {
    unpark(parked);
  } else {
    return;
  }
  finish(parked, -ECANCELED);
}

void epoll_loop::resume(operation* waiter, descriptor_state& state) {
  if (waiter == nullptr) return;
  bool progressed = false;
  const auto fd = static_cast<std::size_t>(waiter->fd);
  if (!try_now(*waiter, state, &progressed)) {
    if (!progressed || waiter->idle_ms == 0) return;
    timers_.remove(*waiter);
    waiter->due = timers::due_of(*waiter, os::coarse_now(), os::coarse_lag());
    timers_.add(*waiter);
    return;
  }
  timers_.remove(*waiter);
  auto& now_state = descriptors_[fd];
  (waits_to_send(waiter->kind) ? now_state.writer : now_state.reader) = nullptr;
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
    next->state = operation_state::free;
    budget_ = completions_per_turn;
    if (begin(*next) == start::done) next->complete(*next);
  }
}

void epoll_loop::complete_finished() noexcept {
  while (auto* next = finished_.first()) {
    finished_.remove(*next);
    next->state = operation_state::free;
    budget_ = completions_per_turn;
    next->complete(*next);
  }
}

void epoll_loop::one_turn() {
  std::array<epoll_event, events_per_wait> room;
  const bool busy =
      anything_ready() || anything_posted() || !deferred_.empty() || !finished_.empty();
  const int timeout = busy              ? 0
                      : timers_.empty() ? -1
                                        : timers_.next().poll_timeout(os::coarse_now());
  bool woken = false;
  for (const auto& event : epoll_.wait(room, timeout, woken)) handle(event);
  if (woken) run_attention();
  run_ready();
  if (!deferred_.empty()) run_deferred();
  timers_.expire(os::coarse_now(), [this](operation& late) {
    if (late.kind != operation_kind::sleep) {
      auto& state = descriptors_[static_cast<std::size_t>(late.fd)];
      (waits_to_send(late.kind) ? state.writer : state.reader) = nullptr;
    }
    finish(late, late.kind == operation_kind::sleep ? 0 : -ETIMEDOUT);
  });
  complete_finished();
}

void epoll_loop::run() {
  run_ready();
  while (live_tasks() > 0) one_turn();
}

}  // namespace samjoko::io

#include <samjoko/io/blocking_loop.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::io {
namespace {

/// The kernel counts a socket's timeout in ticks and may be one early (man 7 socket, SO_RCVTIMEO).
constexpr milliseconds timeout_guard{12};

/// How much the tasks of one client complete in place, and how often they make each other ready,
/// before the descriptors of all of them are looked at.
constexpr int completions_per_sweep = 64;
constexpr int turns_per_sweep = 64;

short events_of(operation_kind kind) noexcept { return waits_to_send(kind) ? POLLOUT : POLLIN; }

bool blocks_in_call(const operation& wanted) noexcept {
  const bool kind = wanted.kind == operation_kind::receive || wanted.kind == operation_kind::accept;
  return kind && wanted.until.is_never() && wanted.allowance_ms == 0;
}

/// Between poll and accept another process may take the new client, and the call waits for the next
/// one. So on a listener that blocks the loop waits in the call itself: there a thread interrupt
/// reaches it.
bool accepts_in_call(const operation& wanted) noexcept {
  return wanted.kind == operation_kind::accept && blocks_in_call(wanted) &&
         os::is_blocking(wanted.fd);
}

/// What to wait for by poll(2), and until when at most.
pollfd wait_for(const operation& wanted) noexcept {
  const bool by_time = wanted.kind == operation_kind::sleep || waits_for_backlog(wanted);
  return {.fd = by_time ? -1 : wanted.fd, .events = events_of(wanted.kind), .revents = 0};
}
steady::time_point look_again(const operation& wanted, steady::time_point now) noexcept {
  return waits_for_backlog(wanted) ? std::min(wanted.due, now + try_again_after) : wanted.due;
}

steady::time_point due_now(operation& wanted) noexcept {
  return timers::due_of(wanted, steady::now(), steady::duration::zero());
}

}  // namespace

start blocking_loop::begin(operation& wanted) {
  scoreboard::mark_running();  // a task that asks the loop for something is not stuck, though the
                               // call may not wait
  if (is_immediate(wanted.kind)) {
    if (wanted.kind >= operation_kind::release && wanted.fd == idle_fd_) idle_fd_ = -1;
    do_now(wanted, buffers());
    return start::done;
  }
  SAMJOKO_CHECK(pending_.empty() || is_alone_in_its_direction(wanted), one_at_a_time);
  if (live_tasks() <= 1 && pending_.empty() && !anything_ready()) {
    if (block(wanted) == outcome::done) return start::done;
  } else {
    if (completed_in_place_ < completions_per_sweep && try_now(wanted)) {
      ++completed_in_place_;
      return start::done;
    }
    wanted.due = due_now(wanted);
  }
  wanted.state = operation_state::pending;
  pending_.push_back(&wanted);
  return start::pending;
}

bool blocking_loop::is_alone_in_its_direction(const operation& wanted) const noexcept {
  return wanted.kind == operation_kind::sleep ||
         std::ranges::none_of(pending_, [&](const operation* each) {
           return each->fd == wanted.fd && each->kind != operation_kind::sleep &&
                  waits_to_send(each->kind) == waits_to_send(wanted.kind);
         });
}

/// Waits in place until it is done, or until something was made ready that has to run first.
blocking_loop::outcome blocking_loop::block(operation& wanted) {
  blocked_ = &wanted;
  blocked_cancelled_ = false;
  const auto how = blocks_in_call(wanted) ? block_in_place(wanted) : block_with_poll(wanted);
  blocked_ = nullptr;
  return how;
}

/// Continues the wait of the only pending operation. Its deadline stays as it was.
blocking_loop::outcome blocking_loop::block_again(operation& pending) {
  blocked_ = &pending;
  blocked_cancelled_ = false;
  const bool accepts = pending.kind == operation_kind::accept && blocks_in_call(pending);
  const auto how = accepts ? block_in_place(pending) : wait_until_due(pending);
  blocked_ = nullptr;
  return how;
}

blocking_loop::outcome blocking_loop::block_in_place(operation& wanted) {
  wanted.result = 0;
  const bool receives = wanted.kind == operation_kind::receive;
  if (receives) set_idle_limit(wanted.fd, wanted.idle_ms);
  for (;;) {
    bool kicked = !interrupt_.enter();
    if (!kicked) {
      scoreboard::mark_waiting();
      block_in_call(wanted, buffers());
      scoreboard::mark_running();
      kicked = interrupt_.leave();
      if (wanted.result != -EINTR) {
        if (kicked) interrupt_.send();  // it is meant for the next wait
        if (wanted.result != -EAGAIN) return outcome::done;
        if (accepts_in_call(wanted)) continue;
        return after_idle_limit(wanted);
      }
    }
    if (kicked && !attend(wanted)) {
      wanted.due = due_now(wanted);
      return blocked_cancelled_ ? outcome::done : outcome::woken;
    }
    // Calling again would let each interruption begin the idle time anew.
    if (receives && wanted.result == -EINTR) return block_with_poll(wanted);
  }
}

/// The socket's own timeout has passed; or the socket does not block at all, and the loop waits
/// with poll(2).
blocking_loop::outcome blocking_loop::after_idle_limit(operation& wanted) {
  if (wanted.idle_ms == 0 || !os::is_blocking(wanted.fd)) return block_with_poll(wanted);
  wanted.result = -ETIMEDOUT;
  return outcome::done;
}

blocking_loop::outcome blocking_loop::block_with_poll(operation& wanted) {
  if (interrupt_.pending() && interrupt_.leave() && !attend(wanted)) {
    wanted.due = due_now(wanted);
    return blocked_cancelled_ ? outcome::done : outcome::woken;
  }
  if (wanted.kind != operation_kind::sleep && try_now(wanted)) return outcome::done;
  wanted.due = due_now(wanted);
  return wait_until_due(wanted);
}

blocking_loop::outcome blocking_loop::wait_until_due(operation& wanted) {
  const bool sleeps = wanted.kind == operation_kind::sleep;
  for (;;) {
    const auto now = steady::now();
    if (wanted.due <= now) return give_up(wanted, sleeps ? 0 : -ETIMEDOUT);
    auto wait = wait_for(wanted);
    if (interrupt_.enter()) {
      scoreboard::mark_waiting();
      ::poll(&wait, 1, deadline(look_again(wanted, now)).poll_timeout(now));
      scoreboard::mark_running();
      if (!interrupt_.leave()) {
        if (accepts_in_call(wanted)) return block_in_place(wanted);
        bool progressed = false;
        if (!sleeps && try_now(wanted, &progressed)) return outcome::done;
        if (progressed) wanted.due = due_now(wanted);
        continue;
      }
    }
    if (!attend(wanted)) return blocked_cancelled_ ? give_up(wanted, -ECANCELED) : outcome::woken;
  }
}

blocking_loop::outcome blocking_loop::give_up(operation& wanted, std::int64_t result) noexcept {
  restore_mode(wanted);
  wanted.result = result;
  return outcome::done;
}

/// A send_file made the socket non-blocking while it ran.
void blocking_loop::restore_mode(const operation& ended) noexcept {
  if (ended.kind == operation_kind::send_file && ended.started)
    static_cast<void>(os::set_blocking(ended.fd, true));
}

/// After a thread interrupt: runs the loop's attention. False when the blocked operation must not
/// go on: it was cancelled, or there is work that has to run first, or another wait beside it.
bool blocking_loop::attend(operation& blocked) {
  run_attention();
  if (blocked_cancelled_) {
    blocked.result = -ECANCELED;
    return false;
  }
  return !anything_ready() && !anything_posted() && pending_.empty();
}

void blocking_loop::set_idle_limit(int fd, std::uint32_t idle_ms) noexcept {
  if (fd == idle_fd_ && idle_ms == idle_ms_) return;
  if (fd != idle_fd_ && idle_ms == 0) return;  // a fresh socket has no limit
  os::set_receive_timeout(fd,
                          idle_ms == 0 ? milliseconds(0) : milliseconds(idle_ms) + timeout_guard);
  idle_fd_ = fd;
  idle_ms_ = idle_ms;
}

/// sendfile has no flag for "do not wait": the socket itself is made non-blocking for the call.
bool blocking_loop::try_now(operation& wanted, bool* progressed) {
  if (wanted.kind != operation_kind::send_file) {
    return attempt(wanted, buffers(), true, progressed);
  }
  if (!wanted.started) {
    static_cast<void>(os::set_blocking(wanted.fd, false));
    wanted.started = true;
  }
  if (!attempt(wanted, buffers(), true, progressed)) return false;
  static_cast<void>(os::set_blocking(wanted.fd, true));
  return true;
}

void blocking_loop::cancel(operation& pending) noexcept {
  if (&pending == blocked_) {
    blocked_cancelled_ = true;
    return;
  }
  if (pending.state != operation_state::pending) return;
  std::erase(pending_, &pending);
  finish(pending, -ECANCELED);
}

void blocking_loop::finish(operation& ended, std::int64_t result) noexcept {
  restore_mode(ended);
  ended.result = result;
  ended.state = operation_state::finished;
  finished_.append(ended);
}

void blocking_loop::complete_finished() noexcept {
  while (auto* next = finished_.first()) {
    finished_.remove(*next);
    next->state = operation_state::free;
    next->complete(*next);
  }
}

void blocking_loop::run() {
  run_ready();
  for (int busy_turns = 0; live_tasks() > 0; ++busy_turns) {
    if (!finished_.empty()) {
      complete_finished();
    } else if (!anything_ready() && !anything_posted()) {
      busy_turns = 0;
      wait_for_pending();
    } else if (busy_turns > turns_per_sweep) {
      busy_turns = 0;
      sweep(deadline(steady::time_point::min()));
    }
    run_ready();
  }
}

void blocking_loop::wait_for_pending() {
  if (pending_.size() != 1 || live_tasks() > 1) return sweep(deadline::never());
  auto& only = *pending_.front();
  pending_.clear();
  only.state = operation_state::free;
  if (block_again(only) == outcome::done) {
    only.complete(only);
  } else {
    only.state = operation_state::pending;
    pending_.push_back(&only);
  }
}

/// Waits for any of the pending operations, at most until `at_most`, and tries those that may go
/// on.
void blocking_loop::sweep(deadline at_most) {
  completed_in_place_ = 0;
  swept_ = pending_;  // the attention may cancel some of them meanwhile
  waits_.clear();
  auto due = at_most.at();
  auto now = steady::now();
  for (const auto* each : swept_) {
    waits_.push_back(wait_for(*each));
    due = std::min(due, look_again(*each, now));
  }
  if (!interrupt_.enter()) return run_attention();
  scoreboard::mark_waiting();
  ::poll(waits_.data(), waits_.size(), deadline(due).poll_timeout(now));
  scoreboard::mark_running();
  if (interrupt_.leave()) run_attention();
  now = steady::now();
  for (std::size_t index = 0; index < swept_.size(); ++index) {
    if (swept_[index]->state == operation_state::pending)
      sweep_one(*swept_[index], waits_[index].revents, now);
  }
}

void blocking_loop::sweep_one(operation& each, short events, steady::time_point now) {
  bool progressed = false;
  if ((events != 0 || waits_for_backlog(each)) && try_now(each, &progressed)) {
    std::erase(pending_, &each);
    finish(each, each.result);
  } else if (progressed) {
    each.due = due_now(each);
  } else if (each.due <= now) {
    std::erase(pending_, &each);
    finish(each, each.kind == operation_kind::sleep ? 0 : -ETIMEDOUT);
  }
}

}  // namespace samjoko::io

#include <samjoko/serve/pool_member.hpp>

#include <cerrno>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {

void thread_pool::member::live(os::thread_task& raw) noexcept {
  const std::unique_ptr<ticket> mine(static_cast<ticket*>(&raw));
  member(*mine).run();
}

thread_pool::member::member(ticket& mine)
    : mine_(mine),
      pool_(std::move(mine.pool)),
      host_(thread_.loop(), pool_->work_.offered, pool_->work_.limits.connection, pool_->stop_,
            *this) {
  attention_.self = this;
  attention_.run = [](runnable& self) noexcept { static_cast<attention&>(self).self->look(); };
  thread_.loop().attention = &attention_;
  accept_.kind = io::operation_kind::accept;
  accept_.fd = pool_->listener_;
}

void thread_pool::member::run() noexcept {
  {
    const std::lock_guard lock(pool_->mutex_);
    place_ = mine_.place.begin();
    *place_ = this;
    pool_->members_.splice(pool_->members_.end(), mine_.place);
  }
  while (!pool_->stop_.requested() && !is_superfluous()) {
    const bool newcomer = served_spoken_ && a_newcomer_waits();
    served_spoken_ = !newcomer && serve_spoken();
    if (!served_spoken_) accept_and_serve(newcomer);
  }
  if (pool_->stop_.requested()) {
    accept_backlog();
    while (serve_spoken()) {
    }
  } else {
    // Perhaps an interrupt for a client came, and this member leaves.
    pool_->interrupt_for_spoken();
  }
  const std::lock_guard lock(pool_->mutex_);
  mine_.place.splice(mine_.place.begin(), pool_->members_, place_);
  --pool_->alive_;
  pool_->event_fd_.notify();
}

bool thread_pool::member::is_superfluous() noexcept {
  auto left = pool_->to_retire_.load();
  while (left > 0 && !pool_->to_retire_.compare_exchange_weak(left, left - 1)) {
  }
  return left > 0;
}

bool thread_pool::member::serve_spoken() {
  if (!pool_->any_spoke_.load()) return false;
  std::unique_lock lock(pool_->mutex_);
  if (pool_->spoke_.empty()) return false;
  auto spoke = std::move(pool_->spoke_.front());
  pool_->spoke_.pop_front();
  pool_->any_spoke_.store(!pool_->spoke_.empty());
  lock.unlock();
  pool_->interrupt_for_spoken();  // all the interrupts may have reached this thread alone
  serve(std::move(spoke));
  return true;
}

/// In a full pool there may always be an idle client that has spoken. So a newcomer is looked for
/// after each of them. Costs nothing while members are free.
bool thread_pool::member::a_newcomer_waits() const noexcept {
  return pool_->crowded_.load() && os::wait_readable(pool_->listener_, deadline::after({}));
}

bool thread_pool::member::accept_and_serve(bool newcomer) {
  accept_.result = 0;
  pool_->waiting_.fetch_add(1);
  accepting_.store(true);
  // A client that was put up for an idle member before this one counted as idle is seen here.
  if (newcomer ? pool_->anybody_leaves() : pool_->anything_for_idle()) {
    accept_.result = -ECANCELED;
  } else {
    static_cast<void>(thread_.loop().begin(accept_));
  }
  // A member that pauses still counts as waiting: more threads would not bring more descriptors.
  if (accept_.result < 0 && accept_.result != -ECANCELED)
    pause(pause_after("accept", static_cast<int>(-accept_.result), pool_->work_.counts));
  accepting_.store(false);
  if (pool_->waiting_.fetch_sub(1) == 1) {
    pool_->none_waited_.store(true);
    pool_->event_fd_.notify();
  }
  if (accept_.result < 0) return false;
  pool_->interrupt_for_spoken();
  admit(os::descriptor(static_cast<int>(accept_.result)));
  return true;
}

void thread_pool::member::pause(milliseconds time) {
  if (time == milliseconds(0)) return;
  io::operation wait;
  wait.kind = io::operation_kind::sleep;
  wait.until = deadline::after(time);
  static_cast<void>(thread_.loop().begin(wait));
}

/// Our kernel has already accepted the clients in the backlog: they are served, not reset. When
/// there is no descriptor for the next client, clients that have one are served first: their ends
/// make room.
void thread_pool::member::accept_backlog() {
  while (pool_->stop_.level() != stop_level::immediate) {
    const auto got = accept_left();
    if (got == -EAGAIN) return;
    if (got >= 0) {
      admit(os::descriptor(static_cast<int>(got)));
    } else if (got != -ECANCELED && !serve_spoken()) {
      pause(pause_after("accept", static_cast<int>(-got), pool_->work_.counts));
    }
  }
}

/// The result of an accept in a stop; -EAGAIN: no client waits, -ECANCELED: look again. It counts
/// as waiting, so that the listener stays open meanwhile.
std::int64_t thread_pool::member::accept_left() {
  pool_->waiting_.fetch_add(1);
  accepting_.store(true);
  accept_.result = -EAGAIN;
  if (pool_->may_accept_left()) static_cast<void>(thread_.loop().begin(accept_));
  accepting_.store(false);
  pool_->waiting_.fetch_sub(1);
  return accept_.result;
}

void thread_pool::member::admit(os::descriptor socket) {
  auto held = pool_->admission_.admit(socket.get());
  if (held) serve({.socket = std::move(socket), .held = std::move(held)});
}

void thread_pool::member::serve(client whom) {
  detach_asked_.store(false);
  scoreboard::mark_new_client(whom.socket.get(), {});
  {
    session served(host_, std::move(whom));
    session_ = &served;
    if (pool_->stop_.requested()) thread_.loop().wake();
    served.start();
    thread_.loop().run();
    session_ = nullptr;
  }
  scoreboard::mark_no_client();
  idle_since_.store(not_idle, std::memory_order_relaxed);
}

/// Runs on a thread interrupt, inside any wait of the loop.
void thread_pool::member::look() noexcept {
  if (session_ == nullptr) return thread_.loop().cancel(accept_);
  if (pool_->stop_.requested()) return session_->look_at_stop();
  if (detach_asked_.exchange(false)) session_->detach();
}

void thread_pool::member::session_idle(session&, bool begins) noexcept {
  // Read only to find the client that is idle for the longest time: the coarse clock will do.
  idle_since_.store(begins ? os::coarse_now().time_since_epoch().count() : not_idle,
                    std::memory_order_relaxed);
}

void thread_pool::member::session_detached(session&, client whom) noexcept {
  {
    const std::lock_guard lock(pool_->mutex_);
    pool_->detached_.push_back(std::move(whom));
  }
  pool_->event_fd_.notify();
}

void thread_pool::member::session_lingers(session&, half_closed_client whom) noexcept {
  {
    const std::lock_guard lock(pool_->mutex_);
    pool_->half_closed_.push_back(std::move(whom));
  }
  pool_->event_fd_.notify();
}

}  // namespace samjoko::serve

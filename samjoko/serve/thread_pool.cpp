#include <samjoko/serve/thread_pool.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/os/thread.hpp>
#include <samjoko/serve/pool_member.hpp>

namespace samjoko::serve {
namespace {

/// Between two looks at a backlog that a full pool cannot take in. A client waits well under a
/// second, and a pool whose members are all at work costs its main thread nearly nothing.
constexpr milliseconds relief_interval{20};
constexpr std::size_t relieved_at_once = 8;

/// Another worker may take the newcomer that a member is about to accept. Then that member waits in
/// accept, and the idle clients that have spoken wait for it so long at most.
constexpr milliseconds spoken_interval{100};

/// Between two looks, in a stop, at a backlog that is not empty yet.
constexpr milliseconds drain_interval{50};

}  // namespace

thread_pool::thread_pool(workload& work, int listener, admission& who, stop_flag& stop,
                         os::event_fd& event_fd)
    : work_(work),
      listener_(listener),
      admission_(who),
      stop_(stop),
      event_fd_(event_fd),
      size_(work.limits.pool_min, work.limits.pool_max, work.limits.pool_idle),
      idle_(work.limits.connection) {}

bool thread_pool::everybody_left() const noexcept {
  const std::lock_guard lock(mutex_);
  return alive_.load() == 0 && spoke_.empty() && detached_.empty() && half_closed_.empty() &&
         idle_.size() == 0 && !has_backlog_left();
}

/// Whether the pool was told to stop and has no member: none could be started, or none is needed.
bool thread_pool::has_backlog_left() const noexcept {
  return stop_.level() == stop_level::graceful && !door_is_closed_ && backlog_is_left(listener_);
}

/// For a member in a stop that counts as waiting: a client waits, and this pool is to serve it.
bool thread_pool::may_accept_left() noexcept {
  const std::lock_guard lock(door_);
  // Others go on serving it: a worker that is not stopped has made it blocking again, for all.
  return !door_is_closed_ && backlog_is_left(listener_);
}

/// Closes the listener as soon as no client waits there, however long the last client stays.
/// Clients that come from now on are refused, or go to a successor. A member that waits in its
/// accept is interrupted: another process may have taken the client that it saw, and a worker that
/// starts makes the listener that all share block again.
void thread_pool::close_drained() noexcept {
  if (door_is_closed_ || has_backlog_left()) return;
  if (waiting_.load() > 0) return interrupt_accepting();
  const std::lock_guard lock(door_);
  if (waiting_.load() > 0) return;  // it has begun meanwhile
  door_is_closed_ = true;
  work_.close(listener_);
}

bool thread_pool::wants_to_know_of_clients(steady::time_point now) const noexcept {
  return now >= next_relief_ && size_.is_full(alive_.load()) && waiting_.load() == 0;
}

deadline thread_pool::next_moment() const noexcept {
  const auto now = steady::now();
  const bool looks_later = now < next_relief_;
  const auto relief = looks_later ? deadline(next_relief_) : deadline::never();
  const auto spoken = any_spoke_.load() ? deadline(now + spoken_interval) : deadline::never();
  const bool drains = stop_.requested() && !door_is_closed_;
  const auto drained = drains ? deadline(now + drain_interval) : deadline::never();
  const auto look = stop_.requested() ? deadline::never() : size_.next_look(alive_.load());
  return std::min({idle_.next_expiry(), relief, spoken, drained, look, size_.next_try(now)});
}

bool thread_pool::anything_for_idle() const noexcept {
  return anybody_leaves() || any_spoke_.load();
}
bool thread_pool::anybody_leaves() const noexcept {
  return stop_.requested() || to_retire_.load() > 0;
}

void thread_pool::tend(bool client_waits) {
  if (none_waited_.exchange(false)) size_.saw_none_waiting();
  const auto now = steady::now();
  tend_idle(now);
  if (stop_.requested()) return tend_to_the_end();
  add_members(size_.grow_by(alive_.load(), waiting_.load(), now));
  if (const auto surplus = size_.shrink_by(alive_.load(), waiting_.load(), now)) retire(surplus);
  if (waiting_.load() > 0) {
    crowded_.store(false);
    interrupt_for_spoken();
  } else if (now >= next_relief_ && size_.is_full(alive_.load()) &&
             (client_waits || any_spoke_.load())) {
    relieve(now);
  }
}

void thread_pool::tend_idle(steady::time_point now) {
  take_in_detached();
  idle_.take_ready([this](client spoke) { hand_to_member(std::move(spoke)); });
  idle_.expire(now);
}

/// In a stop: an idle client is half-closed, or gets its last turn; a client that has spoken still
/// gets a thread.
void thread_pool::tend_to_the_end() {
  if (stop_.level() == stop_level::immediate) {
    close_drained();
    return drop_idle();
  }
  if (work_.offered.notify_on_stop) {
    idle_.take_all([this](client each) { hand_to_member(std::move(each)); });
  } else {
    idle_.close_all();
  }
  const bool may_add = size_.next_try(steady::now()).is_never();
  const bool may_grow =
      alive_.load() == 0 || (waiting_.load() == 0 && !size_.is_full(alive_.load()));
  if (may_add && ((alive_.load() == 0 && any_spoke_.load()) || (may_grow && has_backlog_left())))
    add_members(1);
  close_drained();
}

void thread_pool::add_members(std::uint32_t count) {
  for (; count > 0; --count) {
    auto ticket = std::make_unique<member::ticket>(shared_from_this());
    ++alive_;
    const auto started = os::start_thread(work_.limits.stack_size, *ticket);
    if (started) {
      static_cast<void>(ticket.release());
      size_.has_grown();
      continue;
    }
    --alive_;
    size_.could_not_grow(steady::now(),
                         pause_after("thread", started.error().code(), work_.counts));
    return;
  }
}

void thread_pool::retire(std::uint32_t count) {
  to_retire_.fetch_add(count);
  const std::lock_guard lock(mutex_);
  for (auto* each : members_) {
    if (count == 0) return;
    if (!each->is_accepting()) continue;
    each->thread_interrupt();
    --count;
  }
}

/// The pool is full and a client waits: neither idle nor half-closed clients keep threads any
/// longer, and the longest of these waits end now.
void thread_pool::relieve(steady::time_point now) {
  log::warning("pool full",
               "the limit of {} is reached and clients wait: idle ones give up their threads",
               alive_.load());
  crowded_.store(true);
  next_relief_ = now + relief_interval;
  const std::lock_guard lock(mutex_);
  std::vector<member*> idle;
  std::ranges::copy_if(members_, std::back_inserter(idle), [](const member* each) {
    return each->idle_since() != steady::time_point::max();
  });
  std::ranges::sort(idle, {}, &member::idle_since);
  if (idle.size() > relieved_at_once) idle.resize(relieved_at_once);
  for (auto* each : idle) each->ask_to_detach();
}

void thread_pool::take_in_detached() {
  std::unique_lock lock(mutex_);
  if (detached_.empty() && half_closed_.empty()) return;
  auto idle = std::exchange(detached_, {});
  auto half_closed = std::exchange(half_closed_, {});
  lock.unlock();
  for (auto& each : idle) idle_.keep(std::move(each), work_.limits.connection.idle);
  for (auto& each : half_closed) idle_.linger(std::move(each));
}

void thread_pool::hand_to_member(client spoke) {
  {
    const std::lock_guard lock(mutex_);
    spoke_.push_back(std::move(spoke));
    any_spoke_.store(true);
  }
  interrupt_for_spoken();
}

/// Makes a member that waits for a client look for one that spoke. The member may take another
/// client from the backlog instead; then it passes the interrupt on.
void thread_pool::interrupt_for_spoken() noexcept {
  if (!any_spoke_.load()) return;
  const std::lock_guard lock(mutex_);
  for (auto* each : members_) {
    if (each->is_accepting()) return each->thread_interrupt();
  }
}

void thread_pool::interrupt_accepting() noexcept {
  const std::lock_guard lock(mutex_);
  for (auto* each : members_) {
    if (each->is_accepting()) each->thread_interrupt();
  }
}

void thread_pool::drop_idle() {
  take_in_detached();
  idle_.drop_all();
  const std::lock_guard lock(mutex_);
  spoke_.clear();
  any_spoke_.store(false);
}

void thread_pool::stop_members() {
  tend(false);
  const std::lock_guard lock(mutex_);
  for (auto* each : members_) each->thread_interrupt();
}

namespace {

/// The main thread of a worker whose listeners each have a pool.
class pooled {
 public:
  explicit pooled(workload& work) : admission_(work), room_(work, &event_fd_) {
    for (const int listener : work.listeners) {
      pools_.push_back(
          std::make_shared<thread_pool>(work, listener, admission_, room_.stop(), event_fd_));
      room_.watch(pools_.back()->idle_descriptor());
    }
  }

  void run() {
    auto news = accept_loop::news{};
    while (!room_.stop().requested()) {
      for (auto& pool : pools_) pool->tend(news.clients);
      news = room_.wait(wants_to_know_of_clients(), timeout());
    }
    auto told = stop_level::none;
    while (!everybody_left()) {
      if (told != room_.stop().level()) {
        told = room_.stop().level();
        for (auto& pool : pools_) pool->stop_members();
      }
      room_.wait(false, timeout());
      for (auto& pool : pools_) pool->tend(false);
    }
  }

 private:
  [[nodiscard]] bool wants_to_know_of_clients() const {
    const auto now = steady::now();
    return std::ranges::any_of(pools_,
                               [&](auto& each) { return each->wants_to_know_of_clients(now); });
  }
  [[nodiscard]] bool everybody_left() const {
    return std::ranges::all_of(pools_, [](auto& each) { return each->everybody_left(); });
  }
  [[nodiscard]] int timeout() const {
    auto first = deadline::never();
    for (const auto& each : pools_) first = std::min(first, each->next_moment());
    return first.poll_timeout(steady::now());
  }

  os::event_fd event_fd_;
  admission admission_;
  accept_loop room_;
  std::vector<std::shared_ptr<thread_pool>> pools_;
};

}  // namespace

result<void> run_thread_pool(workload& work) {
  for (const int listener : work.listeners) {
    if (auto set = os::set_blocking(listener, true); !set) return set;
  }
  pooled(work).run();
  return {};
}

}  // namespace samjoko::serve

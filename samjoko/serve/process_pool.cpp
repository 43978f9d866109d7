// Pre-forked processes: each accepts by itself and serves one client at a time. The parent never
// serves. It keeps the pool at the right size and reaps. When the pool is full and a client waits,
// it ends the client that has been idle for the longest time.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/shared_memory.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/accept_loop.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/client_deaths.hpp>
#include <samjoko/serve/client_process.hpp>
#include <samjoko/serve/pool_size.hpp>
#include <samjoko/serve/pooled_process.hpp>
#include <vector>

namespace samjoko::serve {
namespace {

/// Between two looks at a backlog that a full pool cannot take in.
constexpr milliseconds relief_interval{20};
constexpr std::size_t relieved_at_once = 8;
/// Between two looks, in a stop, at a backlog that is not empty yet.
constexpr milliseconds drain_interval{50};

/// The processes of one listener.
class process_pool {
 public:
  /// `first`: the number of its first member in the account of connections.
  process_pool(workload& work, int listener, os::event_fd& event_fd,
               os::shared_cells<pool_cell> cells, os::children& all, std::uint32_t first)
      : work_(work),
        first_(first),
        listener_(listener),
        event_fd_(event_fd),
        cells_(std::move(cells)),
        all_(all),
        size_(work.limits.pool_min, work.limits.pool_max, work.limits.pool_idle) {}

  void tend(bool client_waits) {
    const auto now = steady::now();
    const auto waiting = count_of(pool_state::waiting);
    if (board().none_waited.exchange(0) != 0) size_.saw_none_waiting();
    add(size_.grow_by(members_, waiting, now));
    auto surplus = size_.shrink_by(members_, waiting, now);
    for (auto& cell : members()) {
      if (surplus == 0) break;
      if (cell.state.load() != pool_state::waiting) continue;
      cell.leaves.store(1);
      send(cell, end_idle_signal());
      --surplus;
    }
    const bool crowded = waiting == 0 && size_.is_full(members_);
    board().crowded.store(crowded ? 1 : 0);
    if (crowded && client_waits && now >= next_relief_) relieve(now);
  }

  [[nodiscard]] bool wants_to_know_of_clients(steady::time_point now) {
    return now >= next_relief_ && size_.is_full(members_) && count_of(pool_state::waiting) == 0;
  }
  [[nodiscard]] deadline next_moment(steady::time_point now, bool stops) const noexcept {
    const auto relief = now < next_relief_ ? deadline(next_relief_) : deadline::never();
    const auto look = stops ? deadline::never() : size_.next_look(members_);
    return std::min({relief, look, size_.next_try(now)});
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return members_; }

  /// The pool was told to stop gracefully, and no member is left to accept the waiting clients: all
  /// members were killed, crashed, or left and were not replaced yet.
  [[nodiscard]] bool is_abandoned() const noexcept { return members_ == 0 && has_backlog_left(); }
  /// Clients that wait while all members serve get one more member, as before the stop, so that the
  /// listener is not held open for them.
  void serve_the_abandoned() {
    const bool may_grow =
        members_ == 0 || (!size_.is_full(members_) && count_of(pool_state::waiting) == 0);
    if (!may_grow || !has_backlog_left() || !size_.next_try(steady::now()).is_never()) return;
    add(1);
    tell_all(graceful_signal);
  }
  /// Closes the listener as soon as no client waits there, however long the last client stays.
  /// Clients that come from now on are refused, or go to a successor. Members that serve close
  /// their copies when they are told.
  void close_drained(bool at_once) {
    if (is_closed_ || (!at_once && has_backlog_left())) return;
    is_closed_ = true;
    board().door_is_closed.store(1);
    work_.close(listener_);
    tell_all(graceful_signal);
  }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }

  void tell_all(int signal) {
    for (auto& cell : members()) send(cell, signal);
  }

  /// A process has ended. False when it was not a member of this pool.
  bool forget(pid_t pid) {
    for (auto& cell : members()) {
      if (cell.pid.load() != pid) continue;
      const auto was = cell.state.load();
      const bool had_client = was == pool_state::serving || was == pool_state::idle;
      admission(work_, number_of(cell)).give_back(cell.held, had_client);
      cell.clear();
      --members_;
      return true;
    }
    return false;
  }

 private:
  [[nodiscard]] bool has_backlog_left() const noexcept {
    return !is_closed_ && backlog_is_left(listener_);
  }
  /// The first cell is the board that all share; each of the others belongs to one member.
  [[nodiscard]] pool_cell& board() const noexcept { return cells_.cells().front(); }
  [[nodiscard]] std::span<pool_cell> members() const noexcept { return cells_.cells().subspan(1); }

  [[nodiscard]] std::uint32_t count_of(pool_state state) const noexcept {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        members(), [state](const pool_cell& cell) { return cell.state.load() == state; }));
  }

  [[nodiscard]] std::uint32_t number_of(const pool_cell& cell) const noexcept {
    return first_ + static_cast<std::uint32_t>(&cell - members().data());
  }

  void send(const pool_cell& cell, int signal) const {
    const pid_t pid = cell.pid.load();
    if (pid != 0) static_cast<void>(all_.send(pid, signal));
  }

  void add(std::uint32_t count) {
    for (; count > 0; --count) {
      const auto free = std::ranges::find_if(
          members(), [](const pool_cell& cell) { return cell.state.load() == pool_state::free; });
      if (free == members().end()) return;
      // The member counts as waiting from now on: the next look must not add another for the same
      // need.
      free->state.store(pool_state::waiting);
      const auto child = os::fork_process(os::child_mask::blocked);
      if (!child) {
        free->clear();
        size_.could_not_grow(steady::now(),
                             pause_after("fork", child.error().code(), work_.counts));
        return;
      }
      if (child->in_child()) {
        auto kept = work_.offered.keeps_open;
        kept.insert(kept.end(),
                    {listener_, event_fd_.descriptor(), log::process_log().descriptor_number()});
        os::close_all_except(kept);
        pooled_process(work_, listener_, event_fd_, board(), members(), *free, number_of(*free))
            .run();
        os::leave_process(0);
      }
      free->pid.store(child->pid);
      all_.add(child->pid);
      size_.has_grown();
      ++members_;
    }
  }

  void relieve(steady::time_point now) {
    log::warning("pool full",
                 "the limit of {} is reached and clients wait: those that are idle for the longest "
                 "time are closed",
                 members_);
    next_relief_ = now + relief_interval;
    std::vector<pool_cell*> idle;
    for (auto& cell : members()) {
      const bool is_idle = cell.state.load() == pool_state::idle;
      if (is_idle && cell.may_end.load() <= now.time_since_epoch().count()) idle.push_back(&cell);
    }
    std::ranges::sort(idle, {}, [](const pool_cell* cell) { return cell->may_end.load(); });
    if (idle.size() > relieved_at_once) idle.resize(relieved_at_once);
    for (auto* each : idle) send(*each, end_idle_signal());
  }

  workload& work_;
  const std::uint32_t first_;
  const int listener_;
  os::event_fd& event_fd_;
  os::shared_cells<pool_cell> cells_;
  os::children& all_;
  pool_size size_;
  std::uint32_t members_ = 0;
  bool is_closed_ = false;
  steady::time_point next_relief_{};
};

/// The parent: tends one pool per listener.
class pre_forked {
 public:
  explicit pre_forked(workload& work) : work_(work), room_(work, &event_fd_), deaths_(work) {}

  [[nodiscard]] result<void> prepare() {
    const auto most = pool_size::maximum(work_.limits.pool_min, work_.limits.pool_max);
    std::uint32_t first = 1;
    for (const int listener : work_.listeners) {
      auto cells = os::shared_cells<pool_cell>::make(most + 1);
      if (!cells) return failure_of(cells);
      pools_.emplace_back(work_, listener, event_fd_, std::move(*cells), children_, first);
      first += most;
      if (auto set = os::set_blocking(listener, true); !set) return set;
    }
    return {};
  }

  void run() {
    os::check_single_threaded();
    client_process::prepare();
    accept_loop::news news;
    while (!room_.stop().requested()) {
      for (auto& pool : pools_) pool.tend(news.clients);
      news = wait(timeout(false));
    }
    // The mode belongs to the shared socket, so every member sees that the listeners do not block
    // any more. The members drain the backlog and leave.
    auto told = stop_level::none;
    while (!children_.empty() || is_abandoned()) {
      const auto level = room_.stop().level();
      if (told != level) {
        told = level;
        const int signal = level == stop_level::immediate ? immediate_signal() : graceful_signal;
        for (auto& pool : pools_) pool.tell_all(signal);
      }
      if (level == stop_level::graceful) {
        for (auto& pool : pools_) pool.serve_the_abandoned();
      }
      for (auto& pool : pools_) pool.close_drained(level == stop_level::immediate);
      const bool drained = std::ranges::all_of(pools_, &process_pool::is_closed);
      const int longest = drained ? 1000 : static_cast<int>(drain_interval.count());
      const int until_try = timeout(true);
      wait(until_try < 0 ? longest : std::min(until_try, longest));
      reap();
    }
  }

 private:
  accept_loop::news wait(int timeout_ms) {
    const auto now = steady::now();
    const bool look =
        !room_.stop().requested() && std::ranges::any_of(pools_, [now](process_pool& pool) {
          return pool.wants_to_know_of_clients(now);
        });
    const auto news = room_.wait(look, deaths_.longest_wait(timeout_ms, !children_.empty()));
    deaths_.watch_memory();
    if (news.children_ended) reap();
    return news;
  }

  [[nodiscard]] bool is_abandoned() {
    return room_.stop().level() == stop_level::graceful &&
           std::ranges::any_of(pools_, &process_pool::is_abandoned);
  }

  [[nodiscard]] int timeout(bool stops) const {
    const auto now = steady::now();
    auto first = deadline::never();
    for (const auto& pool : pools_) first = std::min(first, pool.next_moment(now, stops));
    return first.poll_timeout(now);
  }

  void reap() {
    constexpr auto role = postmortem::death_role::pool_process;
    deaths_.reap(children_, role, [this](const os::children::report& dead) {
      for (auto& pool : pools_) {
        if (pool.forget(dead.pid)) break;
      }
      deaths_.add(dead, role, room_.stop().requested());
    });
  }

  workload& work_;
  os::event_fd event_fd_;
  accept_loop room_;
  os::children children_;
  client_deaths deaths_;
  std::vector<process_pool> pools_;
};

}  // namespace

result<void> run_process_pool(workload& work) {
  pre_forked parent(work);
  if (auto prepared = parent.prepare(); !prepared) return prepared;
  parent.run();
  return {};
}

}  // namespace samjoko::serve

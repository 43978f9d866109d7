#pragma once
// Charter: the living workers as the master holds them: pid, process descriptor, channel. It forks,
// tells, kills and reaps workers on order. It decides nothing: the plan does.

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <samjoko/os/children.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/unwind_helper.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {

/// One worker. All of it, pid included, is forgotten when the worker is reaped.
struct worker_process {
  pid_t pid = 0;           // 0: the place is free
  os::descriptor process;  // a pidfd; none where the kernel or a limit refused it
  channel line;
  std::string title;  // for the log
  std::string model;
  std::string service;
  steady::time_point since{};
  bool told_to_stop = false;
  postmortem::own_limit limit = postmortem::own_limit::none;  // why the master ends it
  milliseconds limit_time{0};
  std::uint64_t clients_before = 0;                   // of the slot, when it was started
  std::string memory_counter;                         // of its cgroup; empty: unknown
  std::size_t polled = static_cast<std::size_t>(-1);  // where its line stands among what is polled
};

/// What a worker is started for.
struct worker_spec {
  std::size_t group = 0;
  std::string title;    ///< for the log, such as "worker 3"
  std::string model;    ///< for its record, when it dies
  std::string service;  ///< likewise
  /// Closes those of the master's objects that need it, before all that is not inherited is closed.
  std::function<void()> close_the_masters;
  /// Gives up the other slots' shared memory.
  std::function<void()> forget_others;
  std::vector<int> kept;  ///< by name, besides what every worker has
  milliseconds stop_limit{};
  milliseconds kill_grace{};
};

/// What others have counted for a worker slot since the master started.
struct slot_figures {
  std::uint64_t clients = 0;  ///< accepted
  std::int64_t open = -1;     ///< connections now; -1: unknown
};

class worker_table {
 public:
  /// `figures(slot)` may be empty; `boxes` may be null.
  worker_table(kernel& kernel, const std::function<int(worker&)>& main,
               scoreboard::worker_slots& counters, std::size_t most,
               std::function<slot_figures(std::size_t)> figures = {},
               postmortem::black_boxes* boxes = nullptr);

  /// Forks a worker for the slot. In the child it does not return. The child closes what it must
  /// not keep: the listeners of other groups, and the other workers' channels (else those workers
  /// would not see the master's end). Errors: EAGAIN, ENOMEM, EMFILE.
  [[nodiscard]] result<void> start(std::size_t slot, worker_spec as,
                                   std::vector<named_listener>& listeners);
  /// 0: no worker is in the slot.
  [[nodiscard]] pid_t pid_of(std::size_t slot) const { return places_.at(slot).pid; }
  void tell(std::size_t slot, message_kind kind);
  void kill(std::size_t slot);
  /// The worker will be told to stop, or killed, because this limit has passed. The first limit
  /// counts.
  void note_limit(std::size_t slot, postmortem::own_limit limit, milliseconds time);
  /// Ends a worker (by its number, from 1), or a process that the worker forked, at once.
  void end(std::uint32_t worker, pid_t pid, postmortem::own_limit limit, milliseconds after);
  /// Whether the process is that worker, or was forked by it.
  [[nodiscard]] bool is_of(std::uint32_t worker, pid_t pid) const;
  /// Gives every worker a copy of the log's new descriptor.
  void hand_out_log(int descriptor);

  /// Adds the lines of all workers to what is waited for.
  void add_to(std::vector<pollfd>& polled);
  /// Calls `on_message(slot, message)` for all that the workers whose line is ready have sent.
  /// Never blocks.
  template <class OnMessage>
  void read_messages(std::span<const pollfd> polled, OnMessage&& on_message) {
    for (std::size_t slot = 0; slot < places_.size(); ++slot) {
      const auto at = places_[slot].polled;
      if (at < polled.size() && polled[at].revents != 0) read_line(slot, on_message);
    }
  }
  /// Calls `on_message` for the last messages of a worker, then `on_end(slot, status, served)` for
  /// its end. `served`: it had taken a client.
  template <class OnMessage, class OnEnd>
  void reap(OnMessage&& on_message, OnEnd&& on_end) {
    for (const auto& [slot, status, served] : take_reports()) {
      read_line(slot, on_message);
      forget(slot);
      on_end(slot, status, served);
    }
  }

  /// A worker says that a death of one of its processes waits on the board.
  void look_at_deaths() noexcept { unwinding_.look(); }
  /// Call once in a turn: stacks to unwind, counters to look at.
  void tend_to_deaths();
  [[nodiscard]] deadline next_time() const noexcept {
    if (memory_counter_.empty()) return unwinding_.next_time();
    return std::min(unwinding_.next_time(), deadline(next_look_));
  }
  [[nodiscard]] bool deaths_wait() const noexcept { return unwinding_.is_busy(); }

  /// Processes that the master has adopted: from workers that ended before them, or, where the
  /// master is process 1, from any process. Not the children that it had before it had workers.
  [[nodiscard]] std::vector<pid_t> orphans() const;
  void kill_orphans();
  /// Ends the programs among them that were started under a worker that has ended, and what these
  /// programs started: SIGTERM and SIGCONT, once each, and SIGKILL when `grace` has passed.
  /// Programs of living workers are left alone.
  void end_programs_of_the_dead(milliseconds grace);
  /// Tells all programs among them to end: the server stops.
  void tell_programs_to_end();
  [[nodiscard]] deadline next_kill() const noexcept;

 private:
  /// A worker that sends more than this in a turn of the master's waits for the next turn: others
  /// have their turn too, and a process that a dead worker left behind may still hold its line.
  static constexpr std::size_t most_messages_in_a_turn = 64;
  template <class OnMessage>
  void read_line(std::size_t slot, OnMessage& on_message) {
    for (std::size_t n = 0; n < most_messages_in_a_turn; ++n) {
      const auto said = next_message(slot);
      if (!said) return;
      on_message(slot, *said);
    }
  }
  [[nodiscard]] std::optional<message> next_message(std::size_t slot);
  [[noreturn]] void work(std::size_t slot, const worker_spec& as, channel to_master,
                         std::vector<named_listener>& listeners);
  struct end_of_worker {
    std::size_t slot;
    os::exit_status status;
    bool served;
  };
  [[nodiscard]] std::vector<end_of_worker> take_reports();
  void take_report(const os::children::report& told, std::vector<end_of_worker>& ended);
  void record_orphan(const os::children::report& told);
  [[nodiscard]] postmortem::death_report description_of(std::size_t slot) const;
  void record_end(std::size_t slot, const os::children::report& told);
  void end_process_of_worker(std::size_t slot, pid_t pid);
  [[nodiscard]] bool may_have_ended(std::uint32_t worker, pid_t pid) const;
  void look_at_cgroups(steady::time_point now);
  [[nodiscard]] bool has_own_counter(std::size_t slot) const;
  [[nodiscard]] slot_figures figures_of(std::size_t slot) const;
  void forget(std::size_t slot);
  void send(std::size_t slot, message what, int attached = -1);
  bool tell_to_end(pid_t orphan, deadline kill_at);
  void kill_orphan(pid_t orphan);

  kernel& kernel_;
  const std::function<int(worker&)>& main_;
  scoreboard::worker_slots& counters_;
  const std::vector<pid_t> children_before_;
  os::children children_;
  std::vector<worker_process> places_;
  std::function<slot_figures(std::size_t)> figures_;
  std::string memory_counter_;  // of the master's own cgroup
  steady::time_point next_look_{};
  milliseconds look_interval_{};
  std::vector<std::uint64_t> starts_;  // how many each slot has had
  std::vector<pid_t> fallen_;          // workers whose programs may not all have been adopted yet
  std::map<pid_t, deadline> ended_;    // orphans that were told to end, and when they are killed
  std::set<pid_t> killed_;             // orphans that the master has killed and not reaped
  unwind_helper unwinding_;
};

}  // namespace samjoko::supervise

#pragma once
// Charter: the workers that live, as the master holds them: pid, process descriptor, channel. It
// forks, tells, kills and reaps them on order, and judges nothing: that is the plan's.

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <samjoko/os/children.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/undertaker.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {

/// One worker. Forgotten, pid and all, at the instant it is reaped.
struct employee {
  pid_t pid = 0;           // 0: the place is free
  os::descriptor process;  // a pidfd; none where the kernel or a limit refused it
  channel line;
  std::string title;  // for the log
  std::string model;
  std::string service;
  steady::time_point since{};
  bool told_to_stop = false;
  os::own_limit limit = os::own_limit::none;  // for which we end it
  milliseconds limit_time{0};
  std::uint64_t clients_before = 0;                   // of the slot, when it was hired
  std::string memory_counter;                         // of its cgroup; empty: unknown
  std::size_t polled = static_cast<std::size_t>(-1);  // where its line stands among what is polled
};

/// What a worker is hired for.
struct position {
  std::size_t group = 0;
  std::string title;    ///< for the log, such as "worker 3"
  std::string model;    ///< for its record, when it dies
  std::string service;  ///< likewise
  /// What of the master's it shall close in its own way, before all that it does not inherit goes.
  std::function<void()> close_the_masters;
  /// What of the other slots' shared memory it shall give up.
  std::function<void()> forget_others;
  std::vector<int> kept;  ///< by name, besides what every worker has
  milliseconds stop_limit{};
  milliseconds kill_grace{};
};

/// What others count for a worker slot, since the master started.
struct slot_figures {
  std::uint64_t clients = 0;  ///< accepted
  std::int64_t open = -1;     ///< connections now; -1: unknown
};

class staff {
 public:
  /// `figures(slot)` may be empty; `boxes` may be null.
  staff(kernel& kernel, const std::function<int(worker&)>& main, scoreboard& counters,
        std::size_t most, std::function<slot_figures(std::size_t)> figures = {},
        os::black_boxes* boxes = nullptr);

  /// Forks a worker for the slot. In the child it does not return. What the child must not keep is
  /// closed there: the listeners of other groups, and the other workers' channels (or they would
  /// not see the master's end). Errors: EAGAIN, ENOMEM, EMFILE.
  [[nodiscard]] result<void> hire(std::size_t slot, position as,
                                  std::vector<named_listener>& listeners);
  /// 0: nobody is in the slot.
  [[nodiscard]] pid_t pid_of(std::size_t slot) const { return places_.at(slot).pid; }
  void tell(std::size_t slot, message_kind kind);
  void kill(std::size_t slot);
  /// It will be told to stop, or killed, because this limit has passed. The first one counts.
  void note_limit(std::size_t slot, os::own_limit limit, milliseconds time);
  /// Ends a worker (by its number, from 1), or a process that it forked, at once.
  void end(std::uint32_t worker, pid_t pid, os::own_limit limit, milliseconds after);
  /// Whether it is that worker, or a process that it has forked.
  [[nodiscard]] bool is_of(std::uint32_t worker, pid_t pid) const;
  /// Gives every worker a copy of the log's new descriptor.
  void hand_out_log(int descriptor);

  /// Adds the lines of all workers to what is waited for.
  void add_to(std::vector<pollfd>& polled);
  /// `on_message(slot, message)` for all that workers have said, of those whose line is ready.
  /// Never blocks.
  template <class OnMessage>
  void read_messages(std::span<const pollfd> polled, OnMessage&& on_message) {
    for (std::size_t slot = 0; slot < places_.size(); ++slot) {
      const auto at = places_[slot].polled;
      if (at < polled.size() && polled[at].revents != 0) read_line(slot, on_message);
    }
  }
  /// `on_message` is given the last words of a worker before `on_end(slot, status, served)` tells
  /// of its end, and whether it had taken a client.
  template <class OnMessage, class OnEnd>
  void reap(OnMessage&& on_message, OnEnd&& on_end) {
    for (const auto& [slot, status, served] : take_reports()) {
      read_line(slot, on_message);
      forget(slot);
      on_end(slot, status, served);
    }
  }

  /// A worker says that a death of a process of its own waits on the board.
  void look_at_deaths() noexcept { undertaker_.look(); }
  /// Once in a turn: stacks to unwind, counters to look at.
  void tend_to_deaths();
  [[nodiscard]] deadline next_time() const noexcept {
    if (memory_counter_.empty()) return undertaker_.next_time();
    return std::min(undertaker_.next_time(), deadline(next_look_));
  }
  [[nodiscard]] bool deaths_wait() const noexcept { return undertaker_.is_busy(); }

  /// Processes that were left to the master: by workers that ended before them, or, where it is
  /// process 1, by anybody. Not those that were its children before it had workers.
  [[nodiscard]] std::vector<pid_t> orphans() const;
  void kill_orphans();
  /// Programs among them that were started under a worker that has ended, and what these started:
  /// SIGTERM and SIGCONT, once each, and SIGKILL when `grace` has passed. Programs of workers that
  /// live are left alone.
  void end_programs_of_the_dead(milliseconds grace);
  /// All programs among them: the server stops.
  void tell_programs_to_end();
  [[nodiscard]] deadline next_kill() const noexcept;

 private:
  /// Who says more than this in a turn of the master's waits for the next: others have their turn
  /// too, and a process that a dead worker left behind may still hold its line.
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
  [[noreturn]] void work(std::size_t slot, const position& as, channel to_master,
                         std::vector<named_listener>& listeners);
  struct end_of_worker {
    std::size_t slot;
    os::exit_status status;
    bool served;
  };
  [[nodiscard]] std::vector<end_of_worker> take_reports();
  void take_report(const os::children::report& told, std::vector<end_of_worker>& ended);
  void record_orphan(const os::children::report& told);
  [[nodiscard]] os::deceased description_of(std::size_t slot) const;
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
  scoreboard& counters_;
  const std::vector<pid_t> children_before_;
  os::children children_;
  std::vector<employee> places_;
  std::function<slot_figures(std::size_t)> figures_;
  std::string memory_counter_;  // of the master's own cgroup
  steady::time_point next_look_{};
  milliseconds look_interval_{};
  std::vector<std::uint64_t> hired_;  // how many each slot has had
  std::vector<pid_t> fallen_;         // workers whose programs may not all have come to us yet
  std::map<pid_t, deadline> ended_;   // orphans that were told to end, and when they are killed
  std::set<pid_t> killed_;            // orphans that the master has killed and not reaped
  undertaker undertaker_;
};

}  // namespace samjoko::supervise

#pragma once
// Charter: what the master does next: events and the time in, actions out. The slots follow the
// table of plan_table.hpp; here stand the timers, the count of failures and the order in which a
// service stops. Pure: no clock is read and nothing is done, so a test drives days of it in a
// millisecond.
//
// Restarts: a worker that had grown, or had served a client, has proved that it can; its death was
// one request's trouble, so it is replaced at once, held back only by a rate of its group, and
// never parked. One that dies young without a client would do so again, so its slot backs off, and
// is parked when that happens too often. A failing fork is the machine's trouble and passes: it
// backs off too, but only shortly, and never parks.
//
// Every slot belongs to one group of workers, for ever: whoever follows in it serves what its
// predecessor served.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/plan_table.hpp>

namespace samjoko::supervise {

/// Exit codes of the program (and of a worker, for the last).
inline constexpr int exit_clean = 0;
inline constexpr int exit_could_not_start = 3;
inline constexpr int exit_do_not_restart = 125;

struct plan_settings {
  std::vector<std::size_t> workers{1};  ///< of each group, at the start
  /// The last so many groups are helpers of the others (a hub): never scaled, and told to stop
  /// when the workers of all other groups have ended.
  std::size_t helper_groups = 0;
  std::size_t most_workers = 256;  ///< of all groups; what "one more" may reach
  milliseconds grown_after{1000};
  milliseconds first_delay{100};
  milliseconds longest_delay{10'000};
  milliseconds longest_fork_delay{500};
  std::size_t failures_to_park = 5;     ///< as many ...
  milliseconds failure_window{60'000};  ///< ... within this park the slot
  /// Workers that had proved themselves are replaced at once, so many of a group in one burst, and
  /// so many a second from then on.
  std::size_t replace_burst = 20;
  std::size_t replace_rate = 20;
  /// A worker that is not ready by then is ended, and counts as one that failed to boot.
  milliseconds boot_limit{30'000};
  milliseconds drain_limit{30'000};
  /// After the order to stop gracefully, still to accept for so long: so that balancers hear of the
  /// stop before clients are refused.
  milliseconds drain_delay{0};
  milliseconds kill_grace{1000};
  /// Two orders of one kind within this time are one: `timeout` of coreutils sends each signal
  /// twice, to the process and to its group, and means it once.
  milliseconds repeat_window{10};
  /// When all workers have been given up: stay, so that an operator can see why and recall them,
  /// instead of leaving. Listeners are closed all the same.
  bool stay_when_given_up = false;
};

/// One more and one less are meant of each group.
enum class master_order : std::uint8_t { graceful, immediate, one_more, one_less };

/// What went wrong before a slot waits for its next worker, or is given up.
enum class setback : std::uint8_t {
  none,
  fork,   ///< there was no process
  boot,   ///< there was one, but it ended before it was ready
  young,  ///< it was ready, and ended before it had grown
  rate,   ///< it had proved itself, but its group's workers end too fast
};

struct action {
  enum class kind : std::uint8_t {
    fork,
    tell_graceful,
    tell_immediate,
    kill,
    report_waiting,  ///< `delay` until the next try; `why`
    report_parked,   ///< `why` the last time
    report_retired,
    report_boot,      ///< the boot limit passed
    report_overrun,   ///< the drain limit passed
    report_delay,     ///< a stop was ordered, `delay` is still accepted; no slot
    report_scale,     ///< `code` workers are wanted now; no slot
    close_group,      ///< `slot` is the number of a group whose workers have all been given up
    hold_listeners,   ///< let no new connection begin; those in the backlog are still served
    close_listeners,  ///< the master's own copies, but those of helpers, which may yet be needed
    leave,            ///< with `code`; the last action of all
  };
  kind what;
  std::size_t slot = 0;
  milliseconds delay{0};
  int code = 0;
  setback why = setback::none;

  friend bool operator==(const action&, const action&) noexcept = default;
};
using actions = std::vector<action>;

class plan {
 public:
  using moment = steady::time_point;
  /// `announced`: as running, but a stop is known to come when the drain delay is over.
  enum class phase : std::uint8_t { running, announced, draining, stopping, over };

  explicit plan(plan_settings settings);

  [[nodiscard]] actions start(moment now);
  [[nodiscard]] actions on_order(master_order order, moment now);
  [[nodiscard]] actions on_ready(std::size_t number, moment now);
  /// A grown worker that leaves is succeeded at once, in another slot if there is one free;
  /// otherwise, and when it is young, after its end.
  [[nodiscard]] actions on_leaves(std::size_t number, moment now);
  [[nodiscard]] actions on_fork_failed(std::size_t number, moment now);
  /// CHECKs that a process belonged to the slot, and that it really ended. `served`: it had taken
  /// a client. Heeded only of one that was ready.
  [[nodiscard]] actions on_ended(std::size_t number, const os::exit_status& status, moment now,
                                 bool served = false);
  /// `count` workers of one group, no helper, shall be wanted; as near to it as can be: at least
  /// one, and no more than there may be in all. Nothing while the service stops, or for a closed
  /// group.
  [[nodiscard]] actions on_scale(std::size_t group, std::size_t count, moment now);
  /// The slots of a group that were given up are tried anew, their failures forgotten. The caller
  /// has opened its listeners again when they were closed. Nothing while the service stops.
  [[nodiscard]] actions on_recall(std::size_t group, moment now);
  /// Whenever next_time() has passed; harmless at any other time.
  [[nodiscard]] actions on_time(moment now);

  /// When on_time() must be called next; never, when no timer runs.
  [[nodiscard]] deadline next_time() const noexcept;
  [[nodiscard]] phase now_in() const noexcept {
    return drains_at_.is_never() ? phase_ : phase::announced;
  }
  /// Until when whatever workers left behind them may go on, once the phase is over: what is left
  /// of the drain limit, nothing after an immediate stop.
  [[nodiscard]] deadline patience() const noexcept { return patience_; }
  /// As many as there ever were; slots that are not wanted stay, empty, and are used again.
  [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
  [[nodiscard]] slot_state state(std::size_t number) const { return slots_.at(number).state; }
  [[nodiscard]] std::size_t group_of(std::size_t number) const { return slots_.at(number).group; }
  [[nodiscard]] bool is_helper(std::size_t group) const noexcept {
    return group >= settings_.workers.size() - settings_.helper_groups;
  }
  /// Workers, without helpers.
  [[nodiscard]] std::size_t wanted() const noexcept;
  [[nodiscard]] std::size_t wanted_of(std::size_t group) const noexcept;
  [[nodiscard]] bool is_wanted(std::size_t number) const { return slots_.at(number).wanted; }
  /// When the slot's present state ends by itself; never, when it does not.
  [[nodiscard]] deadline timer(std::size_t number) const { return slots_.at(number).timer; }
  /// All its workers were given up, and its listeners closed.
  [[nodiscard]] bool is_closed(std::size_t group) const { return group_closed_.at(group); }
  [[nodiscard]] std::size_t groups() const noexcept { return group_closed_.size(); }

 private:
  struct slot {
    std::size_t group = 0;
    slot_state state = slot_state::empty;
    bool wanted = false;
    bool grew = false;
    bool was_ready = false;
    bool is_held = false;  // by the rate of its group
    deadline timer;
    milliseconds delay{0};         // the last back-off; 0 after growing
    milliseconds fork_delay{0};    // the same for forks that failed; 0 after one that did not
    std::vector<moment> failures;  // a ring of the last ones
    std::size_t failure_count = 0;
  };

  void step(std::size_t number, slot_event event, moment now);
  void enter(std::size_t number, slot_state before, moment now);
  void run_timers(moment now);
  void stop_gracefully(moment now);
  void begin_to_drain(moment now);
  void stop_at_once(moment now);
  void one_more(moment now);
  void one_less(moment now);
  [[nodiscard]] bool stop_last_of(std::size_t group, moment now);
  [[nodiscard]] bool occupy_free_slot(std::size_t group, moment now);
  [[nodiscard]] bool has_given_up(std::size_t group) const;
  [[nodiscard]] bool needs_helpers() const;
  void stop_helpers(moment now);
  void close_groups();
  void leave_if_over();
  void add(action::kind what, std::size_t number = 0, milliseconds delay = {}, int code = 0);
  void add_setback(action::kind what, std::size_t number, setback why, milliseconds delay = {});
  [[nodiscard]] bool counts_as_often(slot& failing, moment now) const;
  [[nodiscard]] static setback setback_of(const slot& ended) noexcept {
    if (ended.is_held) return setback::rate;
    return ended.was_ready ? setback::young : setback::boot;
  }
  [[nodiscard]] slot_event meaning_of_end(slot& ended, const os::exit_status& status, moment now,
                                          bool served);
  [[nodiscard]] milliseconds take_turn_to_replace(std::size_t group, moment now);
  void give_up_with_helpers(moment now);
  [[nodiscard]] actions finish(moment now);

  plan_settings settings_;
  phase phase_ = phase::running;
  moment last_order_{};
  deadline drains_at_ = deadline::never();  // only while running
  deadline patience_{moment{}};
  std::vector<slot> slots_;
  std::vector<bool> group_closed_;
  std::vector<moment> next_replacement_;  // of each group, at its rate; a burst may run ahead of it
  bool given_up_ = false;                 // stops because it has no helper any more
  actions pending_;
};

}  // namespace samjoko::supervise

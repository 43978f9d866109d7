#pragma once
// Charter: what the master does next: events and the time in, actions out. The slots follow the
// table of plan_table.hpp; this file adds the timers, the count of failures and the order in which
// a service stops. Pure: it reads no clock and does nothing itself, so a test runs days of it in a
// millisecond.
//
// Restarts: a worker that had become stable, or had served a client, has proved that it can. One
// request caused its death, so it is replaced at once, held back only by a rate of its group, and
// never given up. A worker that dies while it settles, without a client, would do so again, so its
// slot backs off, and is given up when that happens too often. A failing fork is a shortage of the
// machine and passes: the slot backs off too, but only shortly, and is never given up.
//
// Every slot belongs to one group of workers, for ever: each worker in it serves what its
// predecessor served.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/plan_settings.hpp>
#include <samjoko/supervise/plan_table.hpp>

namespace samjoko::supervise {

/// Exit codes of the program (and of a worker, for the last).
inline constexpr int exit_clean = 0;
inline constexpr int exit_could_not_start = 3;
inline constexpr int exit_do_not_restart = 125;

/// one_more and one_less apply to each group.
enum class master_order : std::uint8_t { graceful, immediate, one_more, one_less };

/// What went wrong before a slot waits for its next worker, or is given up.
enum class setback : std::uint8_t {
  none,
  fork,      ///< the fork failed
  boot,      ///< the worker ended before it was ready
  settling,  ///< the worker was ready, and ended before it had become stable
  rate,      ///< the worker had proved itself, but its group's workers end too fast
};

struct action {
  enum class kind : std::uint8_t {
    fork,
    tell_graceful,
    tell_immediate,
    kill,
    report_backoff,  ///< `delay` until the next try; `why`
    report_failed,   ///< `why` the last time
    report_disabled,
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
  /// `announced`: as running, but the service will stop when the drain delay is over.
  enum class phase : std::uint8_t { running, announced, draining, stopping, over };

  explicit plan(plan_settings settings);

  [[nodiscard]] actions start(moment now);
  [[nodiscard]] actions on_order(master_order order, moment now);
  [[nodiscard]] actions on_ready(std::size_t number, moment now);
  /// A stable worker that leaves gets a successor at once, in another slot if there is one free.
  /// Otherwise, and while it settles, the successor comes after its end.
  [[nodiscard]] actions on_leaves(std::size_t number, moment now);
  [[nodiscard]] actions on_fork_failed(std::size_t number, moment now);
  /// CHECKs that a process belonged to the slot, and that it really ended. `served`: it had taken a
  /// client; ignored for a worker that was never ready.
  [[nodiscard]] actions on_ended(std::size_t number, const os::exit_status& status, moment now,
                                 bool served = false);
  /// Wants `count` workers of one group that is no helper, or as near to it as possible: at least
  /// one, and no more than there may be in all. Does nothing while the service stops, or for a
  /// closed group.
  [[nodiscard]] actions on_scale(std::size_t group, std::size_t count, moment now);
  /// Tries the slots of a group that were given up anew; their failures are forgotten. The caller
  /// has opened the group's listeners again when they were closed. Does nothing while the service
  /// stops.
  [[nodiscard]] actions on_revive(std::size_t group, moment now);
  /// Call it whenever next_time() has passed; it is harmless at any other time.
  [[nodiscard]] actions on_time(moment now);

  /// When on_time() must be called next; never, when no timer runs.
  [[nodiscard]] deadline next_time() const noexcept;
  [[nodiscard]] phase now_in() const noexcept {
    return drains_at_.is_never() ? phase_ : phase::announced;
  }
  /// How long the processes that workers left behind may go on once the phase is over: what is left
  /// of the drain limit, nothing after an immediate stop.
  [[nodiscard]] deadline patience() const noexcept { return patience_; }
  /// As many as there ever were. Slots that are not wanted stay, empty, and are used again.
  [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
  [[nodiscard]] slot_state state(std::size_t number) const { return slots_.at(number).state; }
  [[nodiscard]] std::size_t group_of(std::size_t number) const { return slots_.at(number).group; }
  [[nodiscard]] bool is_helper(std::size_t group) const noexcept {
    return group >= settings_.workers.size() - settings_.helper_groups;
  }
  /// How many workers are wanted, helpers excluded.
  [[nodiscard]] std::size_t wanted() const noexcept;
  [[nodiscard]] std::size_t wanted_of(std::size_t group) const noexcept;
  [[nodiscard]] bool is_wanted(std::size_t number) const { return slots_.at(number).wanted; }
  /// When the slot's present state ends by itself; never, when it does not.
  [[nodiscard]] deadline timer(std::size_t number) const { return slots_.at(number).timer; }
  /// Whether all workers of the group were given up, and its listeners closed.
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
    return ended.was_ready ? setback::settling : setback::boot;
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

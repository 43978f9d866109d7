#pragma once
// Charter: for tests: what must hold of the master at each of its steps, whatever happens. It is
// independent of the plan that it judges: it keeps an account of each slot, from what the simulated
// kernel saw.
//
// Where two things happen at nearly one moment (a worker dies when it is just growing), either
// order is right; such a slot is no longer judged ("unclear").

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <samjoko/scoreboard/worker_slot.hpp>
#include <samjoko/supervise/plan.hpp>
#include <samjoko/supervise/testing/simulated_child.hpp>

namespace samjoko::supervise {

/// The master did what it must not do.
struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class simulation_rules {
 public:
  using moment = steady::time_point;
  using children = std::span<const simulated_child>;
  static constexpr milliseconds moment_apart{60};

  simulation_rules(plan_settings plan, scoreboard::worker_slots& board)
      : plan_(std::move(plan)), board_(board), slots_(board.size()) {}

  /// Answers whether a worker of the slot would find its listeners open.
  std::function<bool(std::size_t slot)> has_listener;

  void saw_signal(int signal, moment now, children all) {
    if (signal == SIGTTOU) {
      for (auto& each : slots_) each.unclear = each.unclear || each.seen == slot_state::backoff;
    }
    if (signal != SIGTERM && signal != SIGINT && signal != SIGQUIT) return;
    const bool again = stop_ && now - *stop_ > milliseconds(20);
    if (!stop_at_once_ && (again || signal == SIGQUIT)) stop_at_once_ = now;
    if (!stop_) stop_ = now;
    must_be_clean_ = must_be_clean_ || std::ranges::any_of(all, is_worker);
  }

  /// The channel of one of the slots that are due failed.
  void no_channel() {
    for (auto& each : slots_) each.fork_failed = true;
  }
  void fork_failed(std::size_t slot) { slots_[slot].fork_failed = true; }

  void forked(const simulated_child& born, moment now, children all) {
    auto& slot = slots_[born.slot];
    for (const auto& each : all) {
      require(each.slot != born.slot || each.serial == born.serial, born.slot,
              "has two workers at a time");
    }
    require(!stop_ || slot.seen == slot_state::backoff, born.slot, "is filled in a stop");
    require(stop_ || has_listener(born.slot), born.slot, "has a worker without a listener");
    const bool was_wanted = slot.seen == slot_state::starting || slot.seen == slot_state::settling;
    require(!slot.asked_for_no_more || !was_wanted, born.slot,
            "is filled although its worker asked for no more");
    check_back_off(born.slot, now);
    check_replacement(born.slot, now);
    slot.failed.reset();
    slot.proved.reset();
  }

  void reaped(const simulated_child& child, moment now) {
    if (!is_worker(child)) return;
    auto& slot = slots_[child.slot];
    slot.asked_for_no_more = *child.ended == os::exit_status::exited(exit_do_not_restart);
    if (child.was_seen_grown) {
      slot.in_row = 0;
      return;
    }
    if (slot.asked_for_no_more) return;
    if (child.served) {  // one request's trouble
      slot.in_row = 0;
      slot.failed.reset();
      slot.proved = now;
      slot.fork_failed = false;
      return;
    }
    const bool may_age = slot.seen == slot_state::settling || slot.seen == slot_state::starting;
    slot.unclear =
        slot.unclear || child.growth_is_unclear || (may_age && is_about_grown(child, now));
    ++slot.in_row;
    slot.failed = now;
    slot.failures.push_back(now);
    slot.fork_failed = false;
  }

  /// Checks between two steps of the master.
  void look(std::span<simulated_child> all, moment now, deadline until) {
    std::vector<simulated_child*> in(slots_.size());
    for (auto& each : all) {
      if (is_worker(each)) in[each.slot] = &each;
    }
    bool timer_runs = false;
    for (std::size_t number = 0; number < slots_.size(); ++number) {
      const auto state = static_cast<slot_state>(board_.at(number).state.load());
      require(has_process(state) == (in[number] != nullptr), number,
              fmt::format("is {} to the master, which is not so", name_of(state)));
      if (in[number] != nullptr) watch_growth(*in[number], state, now);
      if (state == slot_state::empty) slots_[number] = {};
      check_given_up(number, state);
      slots_[number].seen = state;
      timer_runs = timer_runs || has_timer(state);
    }
    if (timer_runs && until.is_never()) throw broken("a timer is forgotten");
  }

  void finished(int code, moment now) const {
    if (must_be_clean_ && code != exit_clean) throw broken(fmt::format("exit code {}", code));
    if (code == exit_clean && !stop_) throw broken("it stopped without an order");
    for (std::size_t number = 0; code == exit_do_not_restart && number < slots_.size(); ++number) {
      const auto& slot = slots_[number];
      const bool may_be_unwanted = slot.seen == slot_state::empty || is_told(slot.seen);
      require(may_be_unwanted || slot.asked_for_no_more, number, "did not ask for no more");
    }
    const auto grace = 3 * plan_.kill_grace + milliseconds(1500);
    if (stop_ && now - *stop_ > plan_.drain_limit + grace) throw broken("the stop took too long");
    if (stop_at_once_ && now - *stop_at_once_ > grace)
      throw broken("the immediate stop took too long");
  }

 private:
  struct account {
    slot_state seen = slot_state::empty;
    unsigned in_row = 0;  // deaths while settling since it had last been stable
    std::optional<moment> failed;
    std::optional<moment> proved;  // the end of one that had served
    std::vector<moment> failures;
    bool fork_failed = false;
    bool asked_for_no_more = false;
    bool unclear = false;
  };

  static bool is_worker(const simulated_child& each) {
    return each.slot != simulated_child::orphan;
  }
  static bool is_told(slot_state state) {
    return state == slot_state::draining || state == slot_state::terminating ||
           state == slot_state::killed;
  }
  static bool has_timer(slot_state state) {
    return state == slot_state::starting || state == slot_state::settling ||
           state == slot_state::draining || state == slot_state::terminating ||
           state == slot_state::backoff;
  }
  static void require(bool holds, std::size_t slot, std::string_view what) {
    if (!holds) throw broken(fmt::format("slot {} {}", slot, what));
  }

  [[nodiscard]] bool is_about_grown(const simulated_child& child, moment now) const {
    return child.said_ready && now - *child.said_ready >= plan_.stable_after - moment_apart;
  }

  void watch_growth(simulated_child& child, slot_state state, moment now) const {
    if (state == slot_state::stable) child.was_seen_grown = true;
    if (child.was_seen_grown || state == slot_state::starting || state == slot_state::settling)
      return;
    const auto before = slots_[child.slot].seen;
    const bool just_left = before == slot_state::starting || before == slot_state::settling;
    if (just_left && is_about_grown(child, now)) child.growth_is_unclear = true;
  }

  void check_back_off(std::size_t number, moment now) {
    auto& slot = slots_[number];
    if (!slot.failed || slot.unclear) return;
    if (slot.seen != slot_state::backoff) {
      // Reaped in this very step: perhaps the worker was not wanted, and its slot is used anew.
      require(slot.seen != slot_state::starting && slot.seen != slot_state::settling, number,
              "is filled at once although its worker fell while settling");
      slot.unclear = true;
      return;
    }
    auto delay = plan_.first_delay;
    for (unsigned n = 1; n < slot.in_row && delay < plan_.longest_delay; ++n) delay *= 2;
    delay = std::min(delay, plan_.longest_delay);
    require(now - *slot.failed >= delay, number, "is filled before its back-off is over");
    require(slot.fork_failed || now - *slot.failed <= delay + milliseconds(300), number,
            "is filled long after its back-off was over");
  }

  /// The slots before it in the queue make it wait no longer than all of them take together.
  void check_replacement(std::size_t number, moment now) const {
    const auto& slot = slots_[number];
    if (!slot.proved || slot.fork_failed || slot.unclear) return;
    const auto queue = static_cast<steady::rep>(slots_.size() + 1);
    const auto most = queue * steady::duration(std::chrono::seconds(1)) /
                      static_cast<steady::rep>(plan_.replace_rate);
    require(now - *slot.proved <= most + milliseconds(300), number,
            "is filled late although its worker had served");
  }

  void check_given_up(std::size_t number, slot_state state) const {
    const auto& slot = slots_[number];
    if (slot.unclear || slot.seen == state) return;
    const auto enough = plan_.failures_to_give_up;
    const bool many = slot.failures.size() >= enough;
    const auto time =
        many ? slot.failures.back() - *(slot.failures.end() - static_cast<std::ptrdiff_t>(enough))
             : steady::duration::max();
    if (state == slot_state::failed) {
      require(!slot.proved, number, "has failed although its worker had served");
      require(many && time <= plan_.failure_window + moment_apart, number,
              "has failed after too few failures");
    }
    if (state == slot_state::backoff && !slot.fork_failed && slot.failed) {
      require(!many || time >= plan_.failure_window - moment_apart, number, "has not failed");
    }
    if (state == slot_state::disabled)
      require(slot.asked_for_no_more, number, "is disabled without asking for it");
  }

  plan_settings plan_;
  scoreboard::worker_slots& board_;
  std::vector<account> slots_;
  std::optional<moment> stop_;
  std::optional<moment> stop_at_once_;
  bool must_be_clean_ = false;
};

}  // namespace samjoko::supervise

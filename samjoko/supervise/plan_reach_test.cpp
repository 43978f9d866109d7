// Some course of events through the plan's interface reaches every transition of the table, and
// none that is not listed. The call, the state before and the state after identify the transition.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {
namespace {

using os::exit_status;

/// The calls of the plan.
enum class asked : std::uint8_t { start, order, ready, leaves, no_fork, ended, time };

asked asked_for(slot_event event) {
  switch (event) {
    case slot_event::wanted: return asked::order;
    case slot_event::ready: return asked::ready;
    case slot_event::leaves: return asked::leaves;
    case slot_event::revived:
    case slot_event::stop:
    case slot_event::stop_now: return asked::order;
    case slot_event::settled:
    case slot_event::boot_over:
    case slot_event::drain_over:
    case slot_event::grace_over:
    case slot_event::due: return asked::time;
    case slot_event::fork_failed: return asked::no_fork;
    case slot_event::failed:
    case slot_event::failed_often:
    case slot_event::died:
    case slot_event::held:
    case slot_event::left:
    case slot_event::disabled: return asked::ended;
  }
  return asked::start;
}

using seen_step = std::tuple<slot_state, asked, slot_state>;

std::string text_of(const seen_step& step) {
  return fmt::format("{} -> {}, asked {}", name_of(std::get<0>(step)), name_of(std::get<2>(step)),
                     static_cast<int>(std::get<1>(step)));
}

class explorer {
 public:
  explicit explorer(unsigned seed) : random_(seed), subject_(settings(random_)) {
    ask(asked::start, [&] { return subject_.start(now_); });
  }
  void run(std::set<seen_step>& into) {
    for (int step = 0; step < 60 && subject_.now_in() != plan::phase::over; ++step) {
      one_step();
      take_times();
    }
    into.insert(seen_.begin(), seen_.end());
  }

 private:
  static plan_settings settings(std::mt19937& random) {
    plan_settings made;
    made.workers = {1 + random() % 2};
    made.most_workers = made.workers.front() + random() % 2;  // sometimes none is free
    made.boot_limit = milliseconds(300);
    made.drain_limit = milliseconds(300);
    made.failures_to_give_up = 1 + random() % 4;
    made.repeat_window = milliseconds(0);
    made.replace_burst = 1 + random() % 3;  // soon empty, so that successors are held back
    return made;
  }

  template <class Ask>
  void ask(asked what, Ask question) {
    std::vector<slot_state> before;
    for (std::size_t slot = 0; slot < subject_.slots(); ++slot)
      before.push_back(subject_.state(slot));
    const auto done = question();
    for (std::size_t slot = 0; slot < subject_.slots(); ++slot) {
      const auto was = slot < before.size() ? before[slot] : slot_state::empty;
      const auto is = subject_.state(slot);
      // A worker that is replaced at once is in the same state twice, which only a fork shows.
      const bool forked =
          std::ranges::find(done, action{.what = action::kind::fork, .slot = slot}) != done.end();
      if (was != is || forked) seen_.emplace(was, what, is);
    }
  }

  /// One at a time, so that no step hides another.
  void take_times() {
    while (!subject_.next_time().is_never() && subject_.next_time().passed(now_))
      ask(asked::time, [&] { return subject_.on_time(now_); });
  }

  void one_step() {
    const std::size_t slot = random_() % subject_.slots();
    const auto state = subject_.state(slot);
    switch (random_() % 9) {
      case 0: return order();
      case 1:
      case 2:
        if (!subject_.next_time().is_never()) now_ = subject_.next_time().at();
        return;
      case 3: return has_process(state) ? leave(slot) : void();
      case 4: return state == slot_state::starting ? fail_to_fork(slot) : void();
      case 5:
      case 6: return has_process(state) ? end(slot) : void();
      default: return has_process(state) ? say_ready(slot) : void();
    }
  }
  void revive() {
    ask(asked::order, [&] { return subject_.on_revive(0, now_); });
  }
  void order() {
    if (random_() % 4 == 0) return revive();
    constexpr std::array all = {master_order::one_more, master_order::one_more,
                                master_order::one_less, master_order::graceful,
                                master_order::immediate};
    const auto what = all.at(random_() % all.size());
    const bool ends = what == master_order::graceful || what == master_order::immediate;
    if (ends && random_() % 3 != 0) return;
    ask(asked::order, [&] { return subject_.on_order(what, now_); });
  }
  void say_ready(std::size_t slot) {
    ask(asked::ready, [&] { return subject_.on_ready(slot, now_); });
  }
  void fail_to_fork(std::size_t slot) {
    ask(asked::no_fork, [&] { return subject_.on_fork_failed(slot, now_); });
  }
  /// Asks for a successor's slot in the same call: for that other slot it is an order.
  void leave(std::size_t slot) {
    const auto slots = subject_.slots();
    std::vector<slot_state> before;
    for (std::size_t n = 0; n < slots; ++n) before.push_back(subject_.state(n));
    (void)subject_.on_leaves(slot, now_);
    for (std::size_t n = 0; n < subject_.slots(); ++n) {
      const auto was = n < slots ? before[n] : slot_state::empty;
      if (was != subject_.state(n))
        seen_.emplace(was, n == slot ? asked::leaves : asked::order, subject_.state(n));
    }
  }
  void end(std::size_t slot) {
    const auto how = random_() % 6 == 0 ? exit_status::exited(exit_do_not_restart)
                                        : exit_status::killed(SIGSEGV);
    const bool served = random_() % 2 == 0;
    ask(asked::ended, [&] { return subject_.on_ended(slot, how, now_, served); });
  }

  std::mt19937 random_;
  steady::time_point now_{std::chrono::seconds(1000)};
  plan subject_;
  std::set<seen_step> seen_;
};

TEST(plan_reach, every_transition_of_the_table_and_no_other) {
  std::set<seen_step> listed;
  for (const auto& row : transitions()) listed.emplace(row.from, asked_for(row.on), row.to);
  std::set<seen_step> seen;
  for (unsigned seed = 1; seed <= 5000; ++seed) explorer(seed).run(seen);
  for (const auto& each : listed) EXPECT_TRUE(seen.contains(each)) << "never: " << text_of(each);
  seen.erase({slot_state::empty, asked::start, slot_state::starting});  // wanted, as by an order
  for (const auto& each : seen)
    EXPECT_TRUE(listed.contains(each)) << "not listed: " << text_of(each);
}

}  // namespace
}  // namespace samjoko::supervise

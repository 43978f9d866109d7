#pragma once
// Charter: for tests: a plan with a clock of its own; its actions are written as text.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {

using os::exit_status;
using std::chrono::seconds;

/// "fork 0, fork 1": actions as a test writes them.
inline std::string text_of(const actions& all) {
  static constexpr const char* names[] = {"fork",   "graceful",    "immediate", "kill",    "wait",
                                          "failed", "disabled",    "boot",      "overrun", "delay",
                                          "scale",  "close group", "hold",      "close",   "leave"};
  std::string text;
  for (const auto& each : all) {
    if (!text.empty()) text += ", ";
    text += names[static_cast<std::size_t>(each.what)];
    switch (each.what) {
      case action::kind::hold_listeners:
      case action::kind::close_listeners:
      case action::kind::report_delay: break;
      case action::kind::report_scale:
      case action::kind::leave: text += fmt::format(" {}", each.code); break;
      case action::kind::report_backoff:
        text += fmt::format(" {} {}", each.slot, each.delay.count());
        break;
      default: text += fmt::format(" {}", each.slot);
    }
  }
  return text;
}

class driven {
 public:
  explicit driven(std::size_t workers, std::size_t most = 8) : driven(std::vector{workers}, most) {}
  explicit driven(std::vector<std::size_t> workers, std::size_t most = 8)
      : driven(settings(std::move(workers), most)) {}
  explicit driven(plan_settings made) : subject(std::move(made)) {
    began = text_of(subject.start(now));
  }
  static plan_settings settings(std::vector<std::size_t> workers, std::size_t most) {
    plan_settings made;
    made.workers = std::move(workers);
    made.most_workers = most;
    return made;
  }

  std::string after(steady::duration time) {
    now += time;
    return text_of(subject.on_time(now));
  }
  std::string ready(std::size_t slot) { return text_of(subject.on_ready(slot, now)); }
  std::string leaves(std::size_t slot) { return text_of(subject.on_leaves(slot, now)); }
  std::string no_fork(std::size_t slot) { return text_of(subject.on_fork_failed(slot, now)); }
  std::string order(master_order what) { return text_of(subject.on_order(what, now)); }
  std::string ends(std::size_t slot, exit_status how = exit_status::killed(SIGSEGV)) {
    return text_of(subject.on_ended(slot, how, now));
  }
  void grow(std::size_t slot) {
    EXPECT_EQ(ready(slot), "");
    EXPECT_EQ(after(seconds(1)), "");
    EXPECT_EQ(subject.state(slot), slot_state::stable);
  }

  plan subject;
  steady::time_point now{seconds(1000)};
  std::string began;
};

}  // namespace samjoko::supervise

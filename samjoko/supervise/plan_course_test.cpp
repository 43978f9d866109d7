#include <samjoko/supervise/plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <vector>

namespace samjoko::supervise {
namespace {

using os::exit_status;
using std::chrono::seconds;

std::vector<std::size_t> some_groups(std::mt19937& random) {
  std::vector<std::size_t> workers(1 + random() % 2);
  for (auto& each : workers) each = 1 + random() % 3;
  return workers;
}

plan_settings settings_of(std::vector<std::size_t> workers, std::size_t most,
                          std::mt19937& random) {
  plan_settings settings;
  settings.workers = std::move(workers);
  settings.most_workers = most;
  settings.drain_delay = milliseconds(random() % 2 == 0 ? 0 : random() % 60'000);
  return settings;
}

// Any course of events, from a seed: the plan never loses a process, never tells or kills a worker
// that does not exist, and always comes to an end when it is ordered to.
class simulated_service {
 public:
  explicit simulated_service(unsigned seed)
      : random_(seed), subject_(settings_of(some_groups(random_), 8, random_)), alive_(8, false) {
    take(subject_.start(now_));
  }
  void run() {
    for (int i = 0; i < 300 && !over(); ++i) one_event();
    for (int i = 0; i < 4 && !over(); ++i) stop_and_wait();
    ASSERT_TRUE(over());
    EXPECT_EQ(std::ranges::count(alive_, true), 0);
  }

 private:
  bool over() const { return subject_.now_in() == plan::phase::over; }
  exit_status some_end() {
    return random_() % 4 == 0 ? exit_status::killed(SIGKILL)
                              : exit_status::exited(random_() % 8 == 0 ? 125 : 1);
  }
  void one_event() {
    now_ += milliseconds(random_() % 3 == 0 ? random_() % 20'000 : random_() % 300);
    take(subject_.on_time(now_));
    const std::size_t slot = random_() % subject_.slots();
    switch (random_() % 8) {
      case 0: return take(subject_.on_order(master_order::one_more, now_));
      case 1: return take(subject_.on_order(master_order::one_less, now_));
      case 2: return alive_[slot] ? take(subject_.on_leaves(slot, now_)) : void();
      case 3: return alive_[slot] ? end(slot) : void();
      default: return alive_[slot] ? take(subject_.on_ready(slot, now_)) : void();
    }
  }
  void end(std::size_t slot) {
    alive_[slot] = false;
    take(subject_.on_ended(slot, some_end(), now_, random_() % 3 == 0));
  }
  void stop_and_wait() {
    now_ += seconds(40);
    take(subject_.on_time(now_));
    take(subject_.on_order(random_() % 2 == 0 ? master_order::graceful : master_order::immediate,
                           now_));
    for (std::size_t slot = 0; slot < alive_.size(); ++slot) {
      if (alive_[slot] && random_() % 2 == 0) end(slot);
    }
    now_ += seconds(40);
    take(subject_.on_time(now_));
    for (std::size_t slot = 0; slot < alive_.size(); ++slot) {
      if (alive_[slot]) end(slot);
    }
  }
  void take(const actions& all) {
    for (const auto& each : all) {
      switch (each.what) {
        case action::kind::fork: start_in(each.slot); break;
        case action::kind::tell_graceful:
        case action::kind::tell_immediate:
        case action::kind::kill: EXPECT_TRUE(alive_.at(each.slot)); break;
        case action::kind::close_group: close(each.slot); break;
        default: break;
      }
    }
  }
  void close(std::size_t group) {
    EXPECT_FALSE(closed_.at(group)) << "closed twice";
    closed_[group] = true;
    for (std::size_t slot = 0; slot < subject_.slots(); ++slot) {
      EXPECT_FALSE(alive_[slot] && subject_.group_of(slot) == group) << "somebody still serves it";
    }
  }
  void start_in(std::size_t slot) {
    ASSERT_FALSE(alive_.at(slot)) << "two workers in one slot";
    ASSERT_FALSE(closed_[subject_.group_of(slot)]) << "a worker without a listener";
    if (random_() % 5 == 0) return take(subject_.on_fork_failed(slot, now_));
    alive_[slot] = true;
  }

  std::mt19937 random_;
  steady::time_point now_{seconds(1000)};
  plan subject_;
  std::vector<bool> alive_;
  std::vector<bool> closed_{false, false};
};

TEST(plan_course, holds_under_any_course_of_events) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    simulated_service(seed).run();
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace samjoko::supervise

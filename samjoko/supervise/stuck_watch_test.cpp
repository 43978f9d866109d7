#include <samjoko/supervise/stuck_watch.hpp>

#include <gtest/gtest.h>

#include <set>

namespace samjoko::supervise {
namespace {

using namespace std::chrono_literals;

/// Looks whenever it is due, on a clock of its own.
class bed {
 public:
  explicit bed(milliseconds timeout) : watch_(timeout) {}

  std::vector<stuck_thread> look_after(milliseconds time) {
    now_ += time;
    return watch_.look(now_, threads, [this](pid_t pid) { return stopped.contains(pid); });
  }
  /// Looks at the watch's own pace until a thread is stuck; returns how long that took.
  milliseconds until_stuck(milliseconds most) {
    for (milliseconds passed{0}; passed <= most; passed += 15s) {
      if (!look_after(passed == 0ms ? 0ms : 15s).empty()) return passed;
    }
    return -1ms;
  }

  std::vector<sighting> threads;
  std::set<pid_t> stopped;
  stuck_watch watch_;

 private:
  steady::time_point now_{1h};
};

TEST(stuck_watch, finds_one_that_runs_on_and_on_and_not_before_the_timeout) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 3}};
  EXPECT_EQ(bed.until_stuck(5min), 60s);
}

TEST(stuck_watch, waiting_is_never_stuck) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 2}};
  EXPECT_EQ(bed.until_stuck(1h), -1ms);
}

TEST(stuck_watch, one_that_takes_steps_is_not_stuck) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 1}};
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(bed.look_after(15s).empty());
    bed.threads[0].step += 2;
  }
}

TEST(stuck_watch, one_of_many) {
  bed bed(60s);
  for (std::uint32_t n = 0; n < 100; ++n)
    bed.threads.push_back({.cell = n, .pid = 7, .tid = static_cast<pid_t>(100 + n), .step = 1});
  std::vector<stuck_thread> found;
  for (int i = 0; i < 5; ++i) {
    found = bed.look_after(15s);
    for (std::size_t n = 0; n < bed.threads.size(); ++n) {
      if (n != 42) ++bed.threads[n].step;
    }
  }
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].tid, 142);
}

TEST(stuck_watch, a_successor_in_the_same_cell_is_another) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 3}};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(bed.look_after(15s).empty());
  bed.threads[0].pid = 9;
  EXPECT_TRUE(bed.look_after(15s).empty());
}

TEST(stuck_watch, a_stopped_process_is_not_stuck_and_has_all_its_time_afterwards) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 3}};
  bed.stopped = {7};
  EXPECT_EQ(bed.until_stuck(1h), -1ms);
  bed.stopped.clear();
  EXPECT_TRUE(bed.look_after(15s).empty());
  EXPECT_TRUE(bed.look_after(15s).empty());
  EXPECT_TRUE(bed.look_after(15s).empty());
  EXPECT_FALSE(bed.look_after(15s).empty());
}

// The machine slept, or the master was stopped: it is unknown whether the threads could run.
TEST(stuck_watch, when_the_watcher_itself_did_not_run_it_begins_anew) {
  bed bed(60s);
  bed.threads = {{.cell = 4, .pid = 7, .tid = 8, .step = 3}};
  EXPECT_TRUE(bed.look_after(15s).empty());
  EXPECT_TRUE(bed.look_after(8h).empty());
  EXPECT_TRUE(bed.look_after(45s).empty());
  EXPECT_TRUE(bed.look_after(15s).empty());
  EXPECT_TRUE(bed.look_after(15s).empty());
}

TEST(stuck_watch, looks_four_times_within_the_timeout_but_not_too_often) {
  stuck_watch slow(60s), quick(1ms), off(0ms);
  const steady::time_point now{1h};
  const auto nobody = [](pid_t) { return false; };
  EXPECT_TRUE(slow.look(now, {}, nobody).empty());
  EXPECT_EQ(slow.next_time(), deadline(now + 15s));
  EXPECT_TRUE(quick.look(now, {}, nobody).empty());
  EXPECT_EQ(quick.next_time(), deadline(now + stuck_watch::shortest_interval));
  EXPECT_FALSE(off.is_on());
  EXPECT_TRUE(off.next_time().is_never());
}

}  // namespace
}  // namespace samjoko::supervise

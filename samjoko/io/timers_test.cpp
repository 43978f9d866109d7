#include <samjoko/io/timers.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace samjoko::io {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

steady::time_point at(steady::duration since) { return steady::time_point(hours(1000)) + since; }

operation due_at(steady::time_point moment) {
  operation made;
  made.due = moment;
  return made;
}
std::vector<operation*> expired_by(timers& of, steady::time_point now) {
  std::vector<operation*> all;
  of.expire(now, [&](operation& each) { all.push_back(&each); });
  return all;
}

TEST(timers, one_fires_at_its_moment_and_not_a_nanosecond_before) {
  timers wheel;
  EXPECT_TRUE(expired_by(wheel, at(seconds(0))).empty());
  auto one = due_at(at(milliseconds(100)));
  wheel.add(one);
  EXPECT_TRUE(expired_by(wheel, one.due - std::chrono::nanoseconds(1)).empty());
  EXPECT_EQ(expired_by(wheel, one.due), std::vector{&one});
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(expired_by(wheel, one.due + hours(1)).empty());
}

TEST(timers, what_never_ends_is_not_filed_and_may_be_removed) {
  timers wheel;
  operation forever;
  wheel.add(forever);
  EXPECT_TRUE(wheel.empty());
  wheel.remove(forever);
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(wheel.next().is_never());
}

TEST(timers, one_that_is_removed_does_not_fire) {
  timers wheel;
  auto one = due_at(at(milliseconds(10)));
  auto other = due_at(at(milliseconds(10)));
  wheel.add(one);
  wheel.add(other);
  wheel.remove(one);
  EXPECT_EQ(expired_by(wheel, at(seconds(1))), std::vector{&other});
}

TEST(timers, one_that_is_due_already_fires_at_the_next_look) {
  timers wheel;
  EXPECT_TRUE(expired_by(wheel, at(seconds(10))).empty());
  auto late = due_at(at(seconds(1)));
  wheel.add(late);
  EXPECT_EQ(expired_by(wheel, at(seconds(10)) + timers::tick), std::vector{&late});
}

// Further away than the wheel is round: it stays in its slot while the hand passes it.
TEST(timers, days_ahead_are_waited_for) {
  timers wheel;
  EXPECT_TRUE(expired_by(wheel, at(seconds(0))).empty());
  auto far = due_at(at(hours(48)));
  wheel.add(far);
  for (auto now = seconds(1); now < hours(48); now += seconds(3))
    ASSERT_TRUE(expired_by(wheel, at(now)).empty());
  EXPECT_EQ(expired_by(wheel, at(hours(48))), std::vector{&far});
}

TEST(timers, a_machine_that_slept_finds_all_at_once) {
  timers wheel;
  EXPECT_TRUE(expired_by(wheel, at(seconds(0))).empty());
  std::deque<operation> all;
  for (int each = 1; each <= 2000; ++each) {
    all.push_back(due_at(at(milliseconds(40) * each)));
    wheel.add(all.back());
  }
  EXPECT_EQ(expired_by(wheel, at(hours(5))).size(), all.size());
  EXPECT_TRUE(wheel.empty());
}

// What the loop relies on when it sleeps until next(): never later than a tick behind the earliest.
TEST(timers, next_is_at_most_a_tick_behind_the_earliest) {
  std::mt19937 chance(11);
  for (int round = 0; round < 300; ++round) {
    timers wheel;
    auto now = at(milliseconds(chance() % 100'000));
    EXPECT_TRUE(expired_by(wheel, now).empty());
    std::deque<operation> all;
    for (int each = 0; each < 30; ++each) {
      all.push_back(due_at(now + milliseconds(1 + chance() % 30'000)));
      wheel.add(all.back());
    }
    std::size_t fired = 0;
    while (!wheel.empty()) {
      const auto next = wheel.next();
      ASSERT_FALSE(next.is_never());
      ASSERT_GT(next.at(), now) << "it would spin";
      now = next.at();
      for (const auto* each : expired_by(wheel, now)) {
        ++fired;
        ASSERT_LE(each->due, now);
        ASSERT_LE(now - each->due, timers::tick);
      }
    }
    ASSERT_EQ(fired, all.size());
  }
}

TEST(due_of, the_earliest_of_silence_whole_and_moment) {
  const auto now = at(seconds(0));
  operation wait;
  EXPECT_EQ(timers::due_of(wait, now, {}), steady::time_point::max());
  wait.idle_ms = 500;
  EXPECT_EQ(timers::due_of(wait, now, {}), now + milliseconds(500));
  wait.until = deadline(now + milliseconds(300));
  EXPECT_EQ(timers::due_of(wait, now, {}), now + milliseconds(300));
  wait.allowance_ms = 200;
  EXPECT_EQ(timers::due_of(wait, now, milliseconds(4)), now + milliseconds(204));
}

TEST(due_of, an_allowance_is_counted_once_and_silence_anew) {
  const auto now = at(seconds(0));
  operation wait;
  wait.idle_ms = 100;
  wait.allowance_ms = 250;
  EXPECT_EQ(timers::due_of(wait, now, {}), now + milliseconds(100));
  EXPECT_EQ(wait.allowance_ms, 0u);
  EXPECT_EQ(timers::due_of(wait, now + milliseconds(90), {}), now + milliseconds(190));
  EXPECT_EQ(timers::due_of(wait, now + milliseconds(180), {}), now + milliseconds(250));
}

}  // namespace
}  // namespace samjoko::io

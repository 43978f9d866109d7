#include <samjoko/task/task.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <samjoko/task/channel.hpp>
#include <samjoko/task/plain_queue.hpp>
#include <stdexcept>
#include <string>

namespace samjoko {
namespace {

task<int> number(int value) { co_return value; }
task<> nothing() { co_return; }
task<int> number_later(int value) {
  co_await turn();
  co_return value;
}
task<> throwing() {
  throw std::runtime_error("as planned");
  co_return;
}
task<> throwing_later() {
  co_await turn();
  throw std::runtime_error("later");
}

// With a conversion a forgotten co_await would compile: `auto line = client.read_line(); if (!line)
// co_return;`
static_assert(!std::is_constructible_v<bool, task<int>>);
static_assert(!std::is_constructible_v<bool, const task<>&>);

TEST(task, begins_only_when_it_is_started) {
  bool ran = false;
  auto body = [](bool& flag) -> task<> {
    flag = true;
    co_return;
  };
  auto lazy = body(ran);
  EXPECT_FALSE(ran);
  plain_queue queue;
  run_on(queue, std::move(lazy));
  EXPECT_TRUE(ran);
}

TEST(task, one_that_never_waits_ends_inside_start) {
  plain_queue queue;
  root<int> main(queue, number(7));
  EXPECT_TRUE(main.start().ended);
  EXPECT_EQ(main.finish(), 7);
}

TEST(task, one_that_waits_is_told_of_its_end_by_the_queue) {
  plain_queue queue;
  root<int> main(queue, number_later(8));
  EXPECT_FALSE(main.start().ended);
  EXPECT_EQ(main.finish(), 8);
}

task<int> sum_of_both() {
  const int now = co_await number(1);
  const int later = co_await number_later(2);
  co_return now + later;
}
TEST(task, a_parent_gets_the_values_of_its_children) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, sum_of_both()), 3);
}

task<std::string> caught(task<> child) {
  try {
    co_await std::move(child);
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing thrown";
}
TEST(task, an_exception_reaches_the_parent_in_place_and_after_a_wait) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, caught(throwing())), "as planned");
  EXPECT_EQ(run_on(queue, caught(throwing_later())), "later");
  EXPECT_EQ(run_on(queue, caught(nothing())), "nothing thrown");
}

TEST(task, an_exception_of_a_root_waits_for_whoever_takes_it) {
  plain_queue queue;
  EXPECT_THROW(run_on(queue, throwing()), std::runtime_error);
  EXPECT_THROW(run_on(queue, throwing_later()), std::runtime_error);
}

TEST(task, one_that_was_never_started_is_simply_dropped) {
  auto held = std::make_shared<int>(1);
  {
    auto body = [](std::shared_ptr<int>) -> task<> { co_return; };
    auto unused = body(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(task, moving_moves_the_frame) {
  auto first = number(3);
  auto second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move): that it is empty then is what is tested
  EXPECT_FALSE(first.exists());
  EXPECT_TRUE(second.exists());
  second = number(4);
  plain_queue queue;
  EXPECT_EQ(run_on(queue, std::move(second)), 4);
}

task<int> awaited_twice() {
  auto work = number(5);
  const int first = co_await std::move(work);
  const int again = co_await std::move(work);  // NOLINT(bugprone-use-after-move): what is tested
  co_return first + again;
}
task<int> awaited_after_a_move() {
  auto work = number(5);
  const auto taken = std::move(work);
  const int got = co_await std::move(work);  // NOLINT(bugprone-use-after-move): what is tested
  co_return got;
}
TEST(task, one_that_is_awaited_again_or_was_moved_from_ends_the_program_with_words) {
  plain_queue queue;
  EXPECT_DEATH(run_on(queue, awaited_twice()), "a task is awaited a second time");
  EXPECT_DEATH(run_on(queue, awaited_after_a_move()), "a task that was moved from is awaited");
}

task<> sends_and_looks_at_nothing(channel<int>& to, int& sent) {
  for (;; ++sent) static_cast<void>(co_await to.send(sent));
}
TEST(task, a_loop_of_failures_that_nobody_looks_at_ends) {
  plain_queue queue;
  channel<int> to(1);
  int sent = 0;
  root cancelled(queue, sends_and_looks_at_nothing(to, sent));
  cancelled.start();
  EXPECT_EQ(sent, 1);
  cancelled.context.cancel();
  EXPECT_THROW(cancelled.finish(), std::runtime_error);
  EXPECT_GT(sent, 1000);
}

// Without tail calls (-O0, sanitizers) symmetric transfer into a child nests; a handler that reads
// a million small records in place must not run out of stack.
[[gnu::noinline]] std::uintptr_t stack_here() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}
task<> note_depth(std::uintptr_t& lowest) {
  lowest = std::min(lowest, stack_here());
  co_return;
}
task<> note_depth_later(std::uintptr_t& lowest) {
  co_await turn();
  lowest = std::min(lowest, stack_here());
}
task<std::uintptr_t> depth_of_many(int count, task<> (*child)(std::uintptr_t&)) {
  auto lowest = static_cast<std::uintptr_t>(-1);
  co_await child(lowest);
  const auto at_first = lowest;
  for (int each = 0; each < count; ++each) co_await child(lowest);
  co_return at_first - lowest;
}
TEST(task, a_million_children_that_end_at_once_do_not_grow_the_stack) {
  if (address_sanitizer)
    GTEST_SKIP() << "locals are not on the stack there; the crash test covers it";
  plain_queue queue;
  EXPECT_LT(run_on(queue, depth_of_many(1'000'000, &note_depth)), 4096u);
}
TEST(task, a_hundred_thousand_children_that_wait_do_not_grow_the_stack) {
  if (address_sanitizer)
    GTEST_SKIP() << "locals are not on the stack there; the crash test covers it";
  plain_queue queue;
  EXPECT_LT(run_on(queue, depth_of_many(100'000, &note_depth_later)), 4096u);
}

task<std::int64_t> sum_up_to(int count) {
  std::int64_t sum = 0;
  for (int each = 1; each <= count; ++each) sum += co_await number(each);
  co_return sum;
}
TEST(task, a_million_children_in_a_row_do_not_crash) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, sum_up_to(1'000'000)), 500'000'500'000);
}

task<int> nested(int depth) {
  if (depth == 0) {
    co_await turn();
    co_return 0;
  }
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}
TEST(task, a_deep_nest_that_waits_at_its_bottom_unwinds) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, nested(1000)), 1000);
}

task<task_context*> own_context() {
  auto& context = co_await this_context();
  co_return &context;
}
task<bool> shares_context() {
  auto& mine = co_await this_context();
  auto* childs = co_await own_context();
  co_return &mine == childs;
}
TEST(task, a_child_runs_in_the_context_of_its_parent) {
  plain_queue queue;
  EXPECT_TRUE(run_on(queue, shares_context()));
}

task<bool> wait_twice(bool& second) {
  const bool first = co_await turn();
  second = co_await turn();
  co_return first;
}
TEST(task, a_cancelled_context_ends_the_present_wait_and_all_later_ones) {
  plain_queue queue;
  bool second = true;
  root<bool> main(queue, wait_twice(second));
  main.start().context.cancel();
  EXPECT_FALSE(main.finish());
  EXPECT_FALSE(second);
}

}  // namespace
}  // namespace samjoko

#include <samjoko/task/scope.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <samjoko/task/first_of.hpp>
#include <samjoko/task/plain_queue.hpp>
#include <stdexcept>
#include <string>

namespace samjoko {
namespace {

/// Waits until it is cancelled.
class forever : public suspended {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return suspend(waiter);
  }
  void await_resume() const noexcept {}
};

task<> write_after(std::string& log, char name, int turns) {
  for (; turns > 0; --turns) co_await turn();
  log += name;
}
task<> wait_for_cancel(int& cancelled) {
  co_await forever();
  ++cancelled;
}
task<result<void>> wait_then_echo_cancel() {
  co_await forever();
  co_return failure(ECANCELED, "wait");
}
task<result<void>> fail_after(int turns, int code) {
  for (; turns > 0; --turns) co_await turn();
  co_return failure(code, "planned");
}
task<> throw_after(int turns) {
  for (; turns > 0; --turns) co_await turn();
  throw std::runtime_error("planned");
}

task<std::string> run_three() {
  std::string log;
  scope all(co_await this_context());
  all.spawn(write_after(log, 'a', 3));
  all.spawn(write_after(log, 'b', 1));
  all.spawn(write_after(log, 'c', 0));
  log += '0';  // children start when the parent first waits
  const auto joined = co_await all.join();
  EXPECT_TRUE(joined);
  EXPECT_EQ(all.alive(), 0u);
  co_return log;
}
TEST(scope, children_run_side_by_side_until_all_have_ended) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, run_three()), "0cba");
  EXPECT_EQ(queue.live_tasks(), 0u);
}

task<> join_empty() {
  scope none(co_await this_context());
  const auto joined = co_await none.join();
  EXPECT_TRUE(joined);
}
TEST(scope, one_without_children_is_joined_at_once) {
  plain_queue queue;
  EXPECT_TRUE((root<void>(queue, join_empty()).start().ended));
}

task<result<void>> first_failure(int& cancelled, task<result<void>> failing) {
  scope all(co_await this_context());
  all.spawn(wait_for_cancel(cancelled));
  all.spawn(std::move(failing));
  all.spawn(wait_then_echo_cancel());
  auto joined = co_await all.join();
  co_return joined;
}
TEST(scope, the_first_error_cancels_the_rest_and_is_returned) {
  plain_queue queue;
  for (const int turns : {0, 1, 5}) {
    int cancelled = 0;
    const auto joined = run_on(queue, first_failure(cancelled, fail_after(turns, ECONNRESET)));
    ASSERT_FALSE(joined);
    EXPECT_TRUE(joined.error().is(ECONNRESET));
    EXPECT_EQ(cancelled, 1);
  }
}

task<int> first_exception() {
  int cancelled = 0;
  scope all(co_await this_context());
  all.spawn(wait_for_cancel(cancelled));
  all.spawn(throw_after(1));
  try {
    static_cast<void>(co_await all.join());
  } catch (const std::runtime_error&) {
    co_return cancelled;
  }
  co_return -1;
}
TEST(scope, an_exception_cancels_the_rest_and_is_thrown_by_join) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, first_exception()), 1);
}

task<result<void>> cancel_own_children() {
  scope all(co_await this_context());
  all.spawn(wait_then_echo_cancel());
  all.cancel();
  auto joined = co_await all.join();
  co_return joined;
}
TEST(scope, an_echo_of_its_own_cancel_is_no_failure) {
  plain_queue queue;
  EXPECT_TRUE(run_on(queue, cancel_own_children()));
}

task<result<void>> nested_waits(int& cancelled) {
  scope inner(co_await this_context());
  inner.spawn(wait_for_cancel(cancelled));
  inner.spawn(wait_for_cancel(cancelled));
  auto joined = co_await inner.join();
  co_return joined;
}
task<int> cancel_nested() {
  int cancelled = 0;
  scope outer(co_await this_context());
  outer.spawn(nested_waits(cancelled));
  outer.spawn(wait_for_cancel(cancelled));
  outer.spawn(fail_after(2, EPIPE));
  const auto joined = co_await outer.join();
  EXPECT_TRUE(!joined && joined.error().is(EPIPE));
  co_return cancelled;
}
TEST(scope, cancelling_reaches_the_children_of_children) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, cancel_nested()), 3);
}

TEST(scope, the_cancel_of_a_parent_that_joins_reaches_its_children) {
  plain_queue queue;
  int cancelled = 0;
  root<result<void>> main(queue, nested_waits(cancelled));
  main.start();
  queue.run();
  EXPECT_FALSE(main.ended);
  main.context.cancel();
  EXPECT_TRUE(main.finish());
  EXPECT_EQ(cancelled, 2);
}

task<> spawn_into(scope& all, std::string& log) {
  all.spawn(write_after(log, 'x', 1));
  co_return;
}
task<std::string> child_spawns() {
  std::string log;
  scope all(co_await this_context());
  all.spawn(spawn_into(all, log));
  const auto joined = co_await all.join();
  EXPECT_TRUE(joined);
  co_return log;
}
TEST(scope, a_child_may_spawn_siblings) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, child_spawns()), "x");
}

task<int> spawn_after_cancel() {
  int cancelled = 0;
  scope all(co_await this_context());
  all.cancel();
  all.spawn(wait_for_cancel(cancelled));
  const auto joined = co_await all.join();
  EXPECT_TRUE(joined);
  co_return cancelled;
}
TEST(scope, a_child_of_a_cancelled_scope_does_not_wait) {
  plain_queue queue;
  EXPECT_EQ(run_on(queue, spawn_after_cancel()), 1);
}

TEST(scope_death, may_not_be_destroyed_before_it_was_joined) {
  auto forget = [] {
    plain_queue queue;
    task_context context{.queue = &queue};
    scope all(context);
    int cancelled = 0;
    all.spawn(wait_for_cancel(cancelled));
  };
  EXPECT_DEATH(forget(), "before its children were joined");
}

task<std::size_t> race(int a, int b, int c, std::string& log) {
  auto first = co_await first_of(write_after(log, 'a', a), write_after(log, 'b', b),
                                 write_after(log, 'c', c));
  co_return first;
}
TEST(first_of, gives_the_place_of_the_first_to_end) {
  plain_queue queue;
  std::string log;
  EXPECT_EQ(run_on(queue, race(1, 2, 3, log)), 0u);
  EXPECT_EQ(run_on(queue, race(9, 2, 3, log)), 1u);
  EXPECT_EQ(run_on(queue, race(0, 0, 0, log)), 0u);
}

task<std::size_t> race_with_waits(int& cancelled) {
  std::string log;
  auto first = co_await first_of(wait_for_cancel(cancelled), write_after(log, 'x', 3),
                                 wait_for_cancel(cancelled));
  co_return first;
}
TEST(first_of, cancels_the_others_and_waits_for_them) {
  plain_queue queue;
  int cancelled = 0;
  EXPECT_EQ(run_on(queue, race_with_waits(cancelled)), 1u);
  EXPECT_EQ(cancelled, 2);
}

task<std::size_t> race_with_throw(int& cancelled) {
  auto first = co_await first_of(wait_for_cancel(cancelled), throw_after(1));
  co_return first;
}
TEST(first_of, throws_what_one_of_them_threw) {
  plain_queue queue;
  int cancelled = 0;
  EXPECT_THROW(run_on(queue, race_with_throw(cancelled)), std::runtime_error);
  EXPECT_EQ(cancelled, 1);
}

TEST(first_of, is_cancelled_with_its_caller) {
  plain_queue queue;
  int cancelled = 0;
  auto both = [](int& count) -> task<std::size_t> {
    auto first = co_await first_of(wait_for_cancel(count), wait_for_cancel(count));
    co_return first;
  };
  root<std::size_t> main(queue, both(cancelled));
  main.start();
  queue.run();
  main.context.cancel();
  EXPECT_LT(main.finish(), 2u);
  EXPECT_EQ(cancelled, 2);
}

}  // namespace
}  // namespace samjoko

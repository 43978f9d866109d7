#include <samjoko/io/simulated_loop.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/task/channel.hpp>
#include <set>

namespace samjoko::io {
namespace {

using kind = simulated_finding::kind;

task<> copy_both_ways(loop& on, std::pair<int, int> ends) {
  std::string got;
  scope all(co_await this_context());
  all.spawn(send_and_finish(on, ends.first, pattern(3000)));
  all.spawn(receive_to_end(on, ends.second, got, 700));
  static_cast<void>(co_await all.join());
  EXPECT_EQ(got, pattern(3000));
}
std::uint64_t trace_of(std::uint64_t seed) {
  simulated_loop on(seed);
  const auto ends = on.network().make_pair(500);
  main_task(on, copy_both_ways(on, ends)).finish();
  EXPECT_TRUE(on.findings().empty());
  return on.trace_hash();
}
TEST(simulated_loop, the_same_seed_gives_the_same_run_and_others_differ) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto trace = trace_of(seed);
    EXPECT_EQ(trace, trace_of(seed)) << "seed " << seed;
    traces.insert(trace);
  }
  EXPECT_GT(traces.size(), 290u);
}

TEST(simulated_loop, hours_pass_at_once) {
  simulated_loop on(1);
  const auto begin = on.now();
  auto nap = [](loop& where) -> task<> {
    static_cast<void>(co_await sleep_until(where, deadline(where.now() + std::chrono::hours(24))));
  };
  main_task(on, nap(on)).finish();
  EXPECT_EQ(on.now() - begin, std::chrono::hours(24));
}

task<> wait_for_bytes(loop& on, int from, std::int64_t& result) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1);
  result = co_await receive;
}
TEST(simulated_loop, finds_a_planted_deadlock) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    simulated_loop on(seed);
    const auto ends = on.network().make_pair(10);
    std::int64_t one = 0, other = 0;
    main_task first(on, wait_for_bytes(on, ends.first, one));
    main_task second(on, wait_for_bytes(on, ends.second, other));
    first.begin();
    second.begin();
    on.run();
    ASSERT_EQ(on.findings().size(), 1u);
    EXPECT_EQ(on.findings().front().what, kind::deadlock);
    EXPECT_NE(on.findings().front().story.find("2 tasks alive"), std::string::npos);
    EXPECT_NE(on.findings().front().story.find("bytes on"), std::string::npos);
    first.context.cancel();
    second.context.cancel();
    on.run();
    EXPECT_EQ(one, -ECANCELED);
    EXPECT_EQ(other, -ECANCELED);
  }
}

/// A flag to wait for, whose setter forgets to make the waiting task ready.
class careless_flag : public suspended {
 public:
  careless_flag() {
    what = "a flag";
    could_go_on = [](const waiting& self) {
      return static_cast<const careless_flag&>(static_cast<const suspended&>(self)).set;
    };
  }
  bool await_ready() const noexcept { return set; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return suspend(waiter);
  }
  void await_resume() const noexcept {}
  bool set = false;
};
task<> wait_for_flag(careless_flag& flag) { co_await flag; }
TEST(simulated_loop, finds_a_condition_that_came_true_unheard) {
  simulated_loop on(3);
  careless_flag flag;
  main_task waiting_one(on, wait_for_flag(flag));
  on.later(milliseconds(5), [&flag] { flag.set = true; });
  waiting_one.finish();
  ASSERT_EQ(on.findings().size(), 1u);
  EXPECT_EQ(on.findings().front().what, kind::lost_wake_up);
  EXPECT_NE(on.findings().front().story.find("a flag"), std::string::npos);
}

struct stopping : runnable {
  explicit stopping(task_context& whom) : context(whom) {
    run = [](runnable& self) noexcept {
      auto& me = static_cast<stopping&>(self);
      if (me.asked && !me.context.cancelled) me.context.cancel();
    };
  }
  task_context& context;
  bool asked = false;
};
std::vector<simulated_finding> stop_from_outside(bool wakes) {
  simulated_loop on(4);
  const auto ends = on.network().make_pair(10);
  std::int64_t result = 0;
  main_task waiting_one(on, wait_for_bytes(on, ends.first, result));
  stopping attention(waiting_one.context);
  on.attention = &attention;
  on.later(milliseconds(5), [&] {
    attention.asked = true;
    if (wakes) on.wake();
  });
  waiting_one.finish();
  EXPECT_EQ(result, -ECANCELED);
  return on.findings();
}
TEST(simulated_loop, finds_a_mark_without_a_wake) {
  const auto forgotten = stop_from_outside(false);
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(forgotten.front().what, kind::lost_wake_up);
  EXPECT_TRUE(stop_from_outside(true).empty());
}

TEST(simulated_loop, finds_an_operation_that_outlives_its_frame) {
  simulated_loop on(5);
  const auto ends = on.network().make_pair(10);
  std::int64_t result = 0;
  main_task dropped(on, wait_for_bytes(on, ends.first, result));
  dropped.begin();
  dropped.drop();
  on.task_ended();
  ASSERT_EQ(on.findings().size(), 1u);
  EXPECT_EQ(on.findings().front().what, kind::operation_outlives_frame);
}

task<> accept_many(loop& on, int listener, int clients, std::map<std::int64_t, int>& results) {
  int seen = 0;
  while (seen < clients) {
    any_operation accept(on, operation_kind::accept, listener);
    const auto got = co_await accept;
    ++results[got < 0 ? got : 0];
    if (got >= 0) do_at_once(on, operation_kind::close, static_cast<int>(got));
    if (got >= 0 || got == -ECONNABORTED) ++seen;
  }
}
TEST(simulated_loop, accept_fails_as_often_as_the_seed_says) {
  simulated_loop on(6, {.accept_emfile = 300, .accept_aborted = 300});
  const int listener = on.network().make_listener(100);
  for (int each = 0; each < 100; ++each) ASSERT_GE(on.network().connect_to(listener, 10), 0);
  EXPECT_EQ(on.network().connect_to(listener, 10), -ECONNREFUSED);
  std::map<std::int64_t, int> results;
  main_task(on, accept_many(on, listener, 100, results)).finish();
  EXPECT_GT(results[-EMFILE], 5);
  EXPECT_GT(results[-ECONNABORTED], 5);
  EXPECT_GT(results[0], 5);
}

TEST(simulated_loop, resets_reach_both_directions) {
  simulated_loop on(7, {.reset = 1000});
  const auto ends = on.network().make_pair(10);
  std::int64_t result = 0;
  main_task reader(on, wait_for_bytes(on, ends.first, result));
  on.later(milliseconds(1), [&] {
    operation close;
    close.kind = operation_kind::close;
    close.fd = ends.second;
    on.begin(close);
  });
  reader.finish();
  EXPECT_EQ(result, -ECONNRESET);
}

}  // namespace
}  // namespace samjoko::io

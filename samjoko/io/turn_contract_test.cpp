// The loop's contract about turns: what comes from other threads and signal handlers, an operation
// that is always ready, and how late a deadline is.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/task/suspended.hpp>

namespace samjoko::io {
namespace {

template <class Bed>
class loop_turns : public contract_case<Bed> {};
TYPED_TEST_SUITE(loop_turns, beds);

/// Waits until it was counted down, on the loop's own thread.
class countdown : public suspended {
 public:
  explicit countdown(int from) noexcept : left_(from) { what = "a countdown"; }
  void one_less() noexcept {
    if (--left_ == 0) make_ready();
  }
  bool await_ready() const noexcept { return left_ == 0; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return suspend(waiter);
  }
  void await_resume() const noexcept {}

 private:
  int left_;
};
struct posted_item : runnable {
  countdown* to = nullptr;
  std::thread::id ran_on;
};
task<> wait_for_all(countdown& all) { co_await all; }
TYPED_TEST(loop_turns, what_threads_post_runs_once_on_the_loop_s_thread) {
  auto& on = this->bed.on();
  constexpr int threads = 4, each = 250;
  std::vector<posted_item> items(threads * each);
  countdown all(threads * each);
  for (auto& item : items) {
    item.to = &all;
    item.run = [](runnable& self) noexcept {
      auto& me = static_cast<posted_item&>(self);
      me.ran_on = std::this_thread::get_id();
      me.to->one_less();
    };
  }
  for (int thread = 0; thread < threads; ++thread) {
    this->bed.from_outside([&on, &items, thread] {
      for (int at = 0; at < each; ++at)
        on.post(items[static_cast<std::size_t>(thread) * each + static_cast<std::size_t>(at)]);
    });
  }
  main_task(on, wait_for_all(all)).finish();
  for (const auto& item : items) ASSERT_EQ(item.ran_on, std::this_thread::get_id());
}

task<> always_ready(loop& on, std::pair<int, int> ends, const bool& stop) {
  char byte = 'x';
  while (!stop) {
    any_operation send(on, operation_kind::send, ends.first, &byte, 1);
    const auto sent = co_await send;
    any_operation receive(on, operation_kind::receive, ends.second, &byte, 1);
    const auto got = co_await receive;
    EXPECT_EQ(sent + got, 2);
  }
}
task<> stop_at_bytes(loop& on, int from, bool& stop) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1);
  const auto got = co_await receive;
  EXPECT_EQ(got, 1);
  stop = true;
}
task<> stop_after_a_nap(loop& on, bool& stop) {
  co_await nap(on, milliseconds(20));
  stop = true;
}
task<> beside_one_that_is_always_ready(loop& on, std::pair<int, int> busy, int other_to,
                                       int other_from, bool by_bytes) {
  bool stop = false;
  scope all(co_await this_context());
  all.spawn(always_ready(on, busy, stop));
  if (by_bytes) {
    all.spawn(stop_at_bytes(on, other_from, stop));
    all.spawn(send_text(on, other_to, "x"));
  } else {
    all.spawn(stop_after_a_nap(on, stop));
  }
  static_cast<void>(co_await all.join());
}
// Promise 5. A socket that is always ready would keep its task running in place for ever.
TYPED_TEST(loop_turns, a_socket_that_is_always_ready_keeps_nobody_from_bytes_or_time) {
  auto& on = this->bed.on();
  for (const bool by_bytes : {true, false}) {
    // A simulated clock stands still while anything can go on.
    if (!by_bytes && std::is_same_v<TypeParam, simulated_bed>) continue;
    const auto other = this->sockets();
    main_task(on, beside_one_that_is_always_ready(on, this->sockets(), other.first, other.second,
                                                  by_bytes))
        .finish();
  }
}

task<> wait_idle(loop& on, int from, milliseconds time) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1,
                        static_cast<std::uint32_t>(time.count()));
  const auto got = co_await receive;
  EXPECT_EQ(got, -ETIMEDOUT);
}
// Promise 4. A machine may be late for reasons of its own: the best of several counts. Where time
// is simulated there is no such reason.
TYPED_TEST(loop_turns, a_deadline_is_not_late) {
  auto& on = this->bed.on();
  const milliseconds time(60);
  for (const bool asleep : {true, false}) {
    auto late = steady::duration::max();
    for (int round = 0; round < 10 && late > milliseconds(100); ++round) {
      const auto begin = on.now();
      const int from = this->sockets().first;
      main_task(on, asleep ? nap(on, time) : wait_idle(on, from, time)).finish();
      late = std::min(late, on.now() - begin - time);
      ASSERT_GE(late, steady::duration::zero());
    }
    const bool exact = std::is_same_v<TypeParam, simulated_bed>;
    EXPECT_LE(late, exact ? milliseconds(0) : milliseconds(100));
  }
}

loop* loop_to_wake = nullptr;
// Promise 7: the signal has come before the wait began, and its handler has run.
TYPED_TEST(loop_turns, a_signal_before_the_wait_is_seen_by_it) {
  auto& on = this->bed.on();
  loop_to_wake = &on;
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { loop_to_wake->wake(); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  for (int round = 0; round < 20; ++round) {
    main_task waiting_one(on, wait_for_cancel(on, this->sockets().first));
    cancelling attention(waiting_one.context);
    on.attention = &attention;
    attention.asked.store(true);
    ::raise(SIGUSR1);
    waiting_one.finish();
    on.attention = nullptr;
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}

task<> sleep_twice(loop& on, bool& between) {
  co_await nap(on, milliseconds(1));
  between = true;
  on.wake();  // the wait is over, the next has not begun
  co_await nap(on, milliseconds(1));
}
// Promise 7: after one wait is before the next.
TYPED_TEST(loop_turns, a_wake_between_two_waits_is_seen) {
  auto& on = this->bed.on();
  bool between = false;
  main_task sleeper(on, sleep_twice(on, between));
  cancelling attention(sleeper.context);
  on.attention = &attention;
  sleeper.finish();
  on.attention = nullptr;
  EXPECT_TRUE(between);
  EXPECT_GE(attention.times, 1);
}

/// Called in the middle of another wait, it begins a second one, whose end ends the first.
struct beginning_a_sleep : runnable {
  beginning_a_sleep(loop& the_loop, task_context& to_cancel) : on(the_loop), cancels(to_cancel) {
    run = [](runnable& self) noexcept { static_cast<beginning_a_sleep&>(self).begin(); };
    sleep.kind = operation_kind::sleep;
    sleep.owner = this;
    sleep.complete = [](operation& self) noexcept {
      auto& me = *static_cast<owned&>(self).owner;
      ++me.rang;
      me.on.task_ended();
      me.cancels.cancel();
    };
  }
  void begin() {
    if (!asked.exchange(false)) return;
    sleep.until = on.deadline_after(milliseconds(20));
    on.task_started();
    EXPECT_EQ(on.begin(sleep), start::pending);
  }
  struct owned : operation {
    beginning_a_sleep* owner = nullptr;
  };
  loop& on;
  task_context& cancels;
  owned sleep;
  std::atomic<bool> asked = true;
  int rang = 0;
};

task<> wait_long_for_cancel(loop& on, int from) {
  any_operation readable(on, operation_kind::readable, from);
  readable.until = deadline(on.now() + std::chrono::hours(1));
  const auto got = co_await readable;
  EXPECT_EQ(got, -ECANCELED);
}

// A client's process is told to stop while it waits for the client's first bytes, and gives it a
// moment: the blocking loop went on to wait for the one alone.
TYPED_TEST(loop_turns, a_wait_that_is_begun_in_the_middle_of_another_is_waited_for_too) {
  auto& on = this->bed.on();
  for (const bool limited : {false, true}) {
    const auto ends = this->sockets();
    main_task waiting_one(
        on, limited ? wait_long_for_cancel(on, ends.first) : wait_for_cancel(on, ends.first));
    beginning_a_sleep attention(on, waiting_one.context);
    on.attention = &attention;
    this->bed.from_outside([&] { on.wake(); });
    waiting_one.finish();
    EXPECT_EQ(attention.rang, 1);
    on.attention = nullptr;
  }
}

}  // namespace
}  // namespace samjoko::io

#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/task/channel.hpp>

namespace samjoko::io {
namespace {

template <class Bed>
class loop_contract : public contract_case<Bed> {};
TYPED_TEST_SUITE(loop_contract, beds);

/// An operation begun by hand that counts how often complete() is called, and where.
struct counted : operation {
  counted(loop& the_loop, operation_kind the_kind, int number) : on(the_loop) {
    kind = the_kind;
    fd = number;
    complete = [](operation& self) noexcept {
      auto& me = static_cast<counted&>(self);
      EXPECT_FALSE(me.inside_call) << "told from inside begin or cancel";
      ++me.told;
      me.on.task_ended();
    };
  }
  start begin() {
    inside_call = true;
    const auto how = on.begin(*this);
    inside_call = false;
    return how;
  }
  void cancel() {
    inside_call = true;
    on.cancel(*this);
    inside_call = false;
  }
  loop& on;
  int told = 0;
  bool inside_call = false;
};

// Promise 1. Two live tasks keep the blocking loop from waiting in place.
TYPED_TEST(loop_contract, pending_is_told_once_from_run_and_cancel_is_a_wish) {
  auto& on = this->bed.on();
  const auto both = this->sockets();
  counted read(on, operation_kind::receive, both.first),
      other(on, operation_kind::readable, both.second);
  on.task_started();
  on.task_started();
  ASSERT_EQ(read.begin(), start::pending);
  ASSERT_EQ(other.begin(), start::pending);
  read.cancel();
  other.cancel();
  other.cancel();
  EXPECT_EQ(read.told + other.told, 0);
  on.run();
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(other.told, 1);
  EXPECT_EQ(read.result, -ECANCELED);
  read.cancel();
  on.run();
  EXPECT_EQ(read.told, 1);
}

TYPED_TEST(loop_contract, done_is_never_told) {
  auto& on = this->bed.on();
  const auto both = this->sockets();
  counted send(on, operation_kind::send, both.first);
  std::byte one{1};
  send.data = &one;
  send.size = 1;
  on.task_started();
  if (send.begin() == start::done) on.task_ended();
  const bool done = on.live_tasks() == 0;
  on.run();
  EXPECT_EQ(send.told, done ? 0 : 1);
  EXPECT_EQ(send.result, 1);
}

task<> both_ways(loop& on, std::pair<int, int> ends, std::string text, std::size_t piece) {
  std::string got, back;
  scope all(co_await this_context());
  all.spawn(send_and_finish(on, ends.first, text));
  all.spawn(receive_to_end(on, ends.second, got, piece));
  all.spawn(send_and_finish(on, ends.second, text));
  all.spawn(receive_to_end(on, ends.first, back, piece));
  static_cast<void>(co_await all.join());
  EXPECT_EQ(got, text);
  EXPECT_EQ(back, text);
}
// Promises 3 and 6: a megabyte each way, far beyond the sockets' buffers, both directions at once.
TYPED_TEST(loop_contract, both_directions_full_and_every_byte_arrives) {
  for (const std::size_t piece : {1000u, 70'000u}) {
    const auto ends = this->sockets();
    main_task(this->bed.on(), both_ways(this->bed.on(), ends, pattern(1 << 20), piece)).finish();
  }
}
TYPED_TEST(loop_contract, small_texts_at_small_read_sizes) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 16u}) {
    const auto ends = this->sockets();
    main_task(this->bed.on(), both_ways(this->bed.on(), ends, pattern(300), piece)).finish();
  }
}

task<> pump(loop& on, int from, int to) {
  std::string part(65536, '\0');
  for (;;) {
    any_operation receive(on, operation_kind::receive, from, part.data(), part.size());
    const auto got = co_await receive;
    if (got <= 0) break;
    co_await send_text(on, to, part.substr(0, static_cast<std::size_t>(got)));
  }
  do_at_once(on, operation_kind::shutdown_send, to);
}
task<> relay(loop& on, std::pair<int, int> left, std::pair<int, int> right) {
  const auto text = pattern(2 << 20);
  std::string at_left, at_right;
  scope all(co_await this_context());
  all.spawn(send_and_finish(on, left.first, text));
  all.spawn(send_and_finish(on, right.second, text));
  all.spawn(pump(on, left.second, right.first));
  all.spawn(pump(on, right.first, left.second));
  all.spawn(receive_to_end(on, left.first, at_left, 9000));
  all.spawn(receive_to_end(on, right.second, at_right, 9000));
  static_cast<void>(co_await all.join());
  EXPECT_TRUE(at_left == text && at_right == text);
}
TYPED_TEST(loop_contract, a_relay_with_both_directions_full) {
  const auto left = this->sockets();
  const auto right = this->sockets();
  main_task(this->bed.on(), relay(this->bed.on(), left, right)).finish();
}

task<> send_in_parts(loop& on, int to, std::string& text) {
  std::vector<iovec> parts;
  for (std::size_t at = 0; at < text.size(); at += text.size() / 8)
    parts.push_back({text.data() + at, std::min(text.size() / 8, text.size() - at)});
  parts.insert(parts.begin() + 2, iovec{text.data(), 0});
  any_operation send(on, operation_kind::send_parts, to, parts.data(), parts.size());
  const auto sent = co_await send;
  EXPECT_EQ(sent, static_cast<std::int64_t>(text.size()));
  do_at_once(on, operation_kind::shutdown_send, to);
}
task<> parts_arrive(loop& on, std::pair<int, int> ends) {
  auto text = pattern(900'000);
  std::string got;
  scope all(co_await this_context());
  all.spawn(send_in_parts(on, ends.first, text));
  all.spawn(receive_to_end(on, ends.second, got, 4000));
  static_cast<void>(co_await all.join());
  EXPECT_TRUE(got == text);
}
TYPED_TEST(loop_contract, parts_are_continued_where_they_were_cut) {
  main_task(this->bed.on(), parts_arrive(this->bed.on(), this->sockets())).finish();
}

task<> time_out(loop& on, int fd, std::uint32_t idle, bool absolute, bool company) {
  const auto begin = on.now();
  char byte = 0;
  any_operation receive(on, operation_kind::receive, fd, &byte, 1);
  if (absolute) {
    receive.until = deadline(begin + milliseconds(idle));
  } else if (company) {
    receive.allowance_ms = idle;
  } else {
    receive.idle_ms = idle;
  }
  const auto got = co_await receive;
  EXPECT_EQ(got, -ETIMEDOUT);
  EXPECT_GE(on.now() - begin, milliseconds(idle));
}
task<> all_time_out(loop& on, std::pair<int, int> one, std::pair<int, int> other) {
  scope all(co_await this_context());
  all.spawn(time_out(on, one.first, 40, false, false));
  all.spawn(time_out(on, one.second, 60, true, false));
  all.spawn(time_out(on, other.first, 50, false, true));
  static_cast<void>(co_await all.join());
}
TYPED_TEST(loop_contract, each_kind_of_deadline_ends_a_wait_and_never_early) {
  auto& on = this->bed.on();
  main_task(on, time_out(on, this->sockets().first, 50, false, false)).finish();
  main_task(on, time_out(on, this->sockets().first, 50, true, false)).finish();
  main_task(on, time_out(on, this->sockets().first, 50, false, true)).finish();
  main_task(on, all_time_out(on, this->sockets(), this->sockets())).finish();
}

// A receive with both an idle limit and a deadline was pending beside another task. When that task
// had ended, the wait was taken up again alone, and its old "nothing yet" was taken for a timeout.
task<> short_sleep(loop& on) {
  static_cast<void>(co_await sleep_until(on, deadline(on.now() + milliseconds(20))));
}
task<> long_wait(loop& on, int fd) {
  const auto begin = on.now();
  char byte = 0;
  any_operation receive(on, operation_kind::receive, fd, &byte, 1, 10'000);
  receive.until = deadline(begin + milliseconds(120));
  const auto got = co_await receive;
  EXPECT_EQ(got, -ETIMEDOUT);
  EXPECT_GE(on.now() - begin, milliseconds(120));
}
TYPED_TEST(loop_contract, a_wait_goes_on_when_the_other_tasks_have_ended) {
  auto& on = this->bed.on();
  main_task one(on, long_wait(on, this->sockets().first));
  main_task other(on, short_sleep(on));
  other.begin();
  one.finish();
}

task<> trickle(loop& on, int to, bool& stop) {
  while (!stop) {
    co_await send_text(on, to, "x");
    static_cast<void>(co_await sleep_until(on, deadline(on.now() + milliseconds(15))));
  }
}
task<> read_the_trickle(loop& on, int from, bool& stop) {
  const auto end = deadline(on.now() + milliseconds(150));
  char byte = 0;
  std::int64_t got = 0;
  do {
    any_operation receive(on, operation_kind::receive, from, &byte, 1, 5000);
    receive.until = end;
    got = co_await receive;
  } while (got > 0);
  EXPECT_EQ(got, -ETIMEDOUT);
  EXPECT_GE(on.now(), end.at());
  stop = true;
}
task<> trickle_and_read(loop& on, std::pair<int, int> ends) {
  bool stop = false;
  scope both(co_await this_context());
  both.spawn(trickle(on, ends.first, stop));
  both.spawn(read_the_trickle(on, ends.second, stop));
  static_cast<void>(co_await both.join());
}
TYPED_TEST(loop_contract, a_trickle_holds_off_the_idle_limit_but_not_the_deadline) {
  main_task(this->bed.on(), trickle_and_read(this->bed.on(), this->sockets())).finish();
}

// Promise 7, with one task, which the blocking loop waits for inside begin().
TYPED_TEST(loop_contract, a_wake_from_outside_is_never_lost) {
  auto& on = this->bed.on();
  for (int round = 0; round < 200; ++round) {
    const auto ends = this->sockets();
    main_task waiting_one(on, wait_for_cancel(on, ends.first));
    cancelling attention(waiting_one.context);
    on.attention = &attention;
    this->bed.from_outside([&] {
      attention.asked.store(true);
      on.wake();
    });
    waiting_one.finish();
    EXPECT_GE(attention.times, 1);
    on.attention = nullptr;
  }
}
TYPED_TEST(loop_contract, a_wake_before_the_wait_is_seen_by_it) {
  auto& on = this->bed.on();
  main_task waiting_one(on, wait_for_cancel(on, this->sockets().first));
  cancelling attention(waiting_one.context);
  on.attention = &attention;
  attention.asked.store(true);
  on.wake();
  waiting_one.finish();
  EXPECT_EQ(attention.times, 1);
}

loop* loop_of_handler = nullptr;
TYPED_TEST(loop_contract, a_signal_handler_may_wake) {
  auto& on = this->bed.on();
  loop_of_handler = &on;
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { loop_of_handler->wake(); };
  action.sa_flags = SA_RESTART;  // the call it lands in does not end by itself
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const auto thread = ::pthread_self();
  for (int round = 0; round < 50; ++round) {
    main_task waiting_one(on, wait_for_cancel(on, this->sockets().first));
    cancelling attention(waiting_one.context);
    on.attention = &attention;
    this->bed.from_outside([thread, &attention] {
      attention.asked.store(true);
      ::pthread_kill(thread, SIGUSR1);
    });
    waiting_one.finish();
    on.attention = nullptr;
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}

task<> receive_item(channel<int>& from, int& into) {
  const auto got = co_await from.receive();
  if (got) into = *got;
}
task<> several_at_once(loop& on, int fd) {
  channel<int> silent(1);
  int item = -1;
  const auto first = co_await first_of(wait_for_cancel(on, fd), receive_item(silent, item),
                                       nap(on, milliseconds(20)));
  EXPECT_EQ(first, 2u);
  EXPECT_EQ(item, -1);
}
TYPED_TEST(loop_contract, the_first_of_several_things) {
  main_task(this->bed.on(), several_at_once(this->bed.on(), this->sockets().first)).finish();
}

// Promise 5. Two tasks that make each other ready for ever must not keep a third from its bytes.
task<> ping(channel<int>& to, channel<int>& from, bool& stop) {
  while (!stop) {
    const auto sent = co_await to.send(1);
    if (!sent) break;
    const auto got = co_await from.receive();
    if (!got) break;
  }
  to.close();
  from.close();
}
task<> stop_at_bytes(loop& on, int from, bool& stop) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1);
  const auto got = co_await receive;
  EXPECT_EQ(got, 1);
  stop = true;
}
task<> starve(loop& on, std::pair<int, int> ends) {
  bool stop = false;
  channel<int> there(1), back(1);
  scope all(co_await this_context());
  all.spawn(ping(there, back, stop));
  all.spawn(ping(back, there, stop));
  all.spawn(stop_at_bytes(on, ends.second, stop));
  all.spawn(send_text(on, ends.first, "x"));
  static_cast<void>(co_await all.join());
}
task<> two_at_a_time(loop& on, int from, operation_kind kind, std::size_t size) {
  scope both(co_await this_context());
  std::string text(size, 'x');
  const auto one = [](loop& the_loop, int number, operation_kind what,
                      std::string bytes) -> task<> {
    any_operation wanted(the_loop, what, number, bytes.data(), bytes.size());
    static_cast<void>(co_await wanted);
  };
  both.spawn(one(on, from, kind, text));
  both.spawn(one(on, from, kind, text));
  static_cast<void>(co_await both.join());
}
TYPED_TEST(loop_contract, two_reads_or_two_writes_at_a_time_end_the_program_with_words) {
  auto& on = this->bed.on();
  // Two sockets: the process that dies has our epoll, and leaves its registration behind.
  const int one = this->sockets().first, other = this->sockets().first;
  EXPECT_DEATH(main_task(on, two_at_a_time(on, one, operation_kind::receive, 10)).finish(),
               "two reads or two writes at a time");
  EXPECT_DEATH(main_task(on, two_at_a_time(on, other, operation_kind::send, 8 << 20)).finish(),
               "two reads or two writes at a time");
}

TYPED_TEST(loop_contract, tasks_that_are_always_ready_starve_nobody) {
  main_task(this->bed.on(), starve(this->bed.on(), this->sockets())).finish();
}

TYPED_TEST(loop_contract, a_number_that_was_closed_or_given_away_is_new_again) {
  auto& on = this->bed.on();
  for (const auto last : {operation_kind::close, operation_kind::release}) {
    for (int round = 0; round < 3; ++round) {
      const auto ends = this->bed.sockets();
      main_task(on, time_out(on, ends.first, 20, false, false)).finish();
      do_at_once(on, last, ends.first);
      if (last == operation_kind::release) do_at_once(on, operation_kind::close, ends.first);
      do_at_once(on, operation_kind::close, ends.second);
    }
  }
}

}  // namespace
}  // namespace samjoko::io

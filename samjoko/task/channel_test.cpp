#include <samjoko/task/channel.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <samjoko/task/first_of.hpp>
#include <samjoko/task/plain_queue.hpp>
#include <samjoko/task/scope.hpp>
#include <string>
#include <vector>

namespace samjoko {
namespace {

task<> send_numbers(channel<int>& to, int from, int until) {
  for (; from < until; ++from) {
    const auto sent = co_await to.send(from);
    EXPECT_TRUE(sent);
  }
}
task<> send_and_close(channel<int>& to, int count) {
  co_await send_numbers(to, 0, count);
  to.close();
}
task<> receive_all(channel<int>& from, std::vector<int>& got) {
  for (;;) {
    const auto item = co_await from.receive();
    if (!item) {
      EXPECT_TRUE(item.error().is(condition::end_of_stream));
      co_return;
    }
    got.push_back(*item);
  }
}

task<> pass_through(std::size_t capacity, std::vector<int>& got) {
  channel<int> between(capacity);
  scope both(co_await this_context());
  both.spawn(receive_all(between, got));
  both.spawn(send_and_close(between, 100));
  const auto joined = co_await both.join();
  EXPECT_TRUE(joined);
}
TEST(channel, items_arrive_in_order_whatever_the_capacity) {
  std::vector<int> expected(100);
  for (int each = 0; each < 100; ++each) expected[static_cast<std::size_t>(each)] = each;
  plain_queue queue;
  for (const std::size_t capacity : {1u, 2u, 7u, 1000u}) {
    std::vector<int> got;
    run_on(queue, pass_through(capacity, got));
    EXPECT_EQ(got, expected);
  }
}

task<> many_to_many(std::vector<int>& got) {
  channel<int> between(3);
  scope senders(co_await this_context());
  scope receivers(co_await this_context());
  for (int each = 0; each < 4; ++each) receivers.spawn(receive_all(between, got));
  for (int each = 0; each < 5; ++each)
    senders.spawn(send_numbers(between, each * 100, each * 100 + 100));
  const auto sent = co_await senders.join();
  between.close();
  const auto received = co_await receivers.join();
  EXPECT_TRUE(sent && received);
}
TEST(channel, nothing_is_lost_or_doubled_among_many) {
  plain_queue queue;
  std::vector<int> got;
  run_on(queue, many_to_many(got));
  std::ranges::sort(got);
  ASSERT_EQ(got.size(), 500u);
  for (int each = 0; each < 500; ++each) EXPECT_EQ(got[static_cast<std::size_t>(each)], each);
}

TEST(channel, a_sender_waits_while_it_is_full) {
  plain_queue queue;
  channel<int> full(2);
  root<void> sender(queue, send_numbers(full, 0, 3));
  sender.start();
  queue.run();
  EXPECT_FALSE(sender.ended);
  EXPECT_EQ(*run_on(queue, full.receive()), 0);
  sender.finish();
}

TEST(channel, closing_ends_waiting_senders_and_lets_receivers_take_the_rest) {
  plain_queue queue;
  channel<int> closing(1);
  EXPECT_TRUE(run_on(queue, closing.send(1)));
  root<result<void>> sender(queue, closing.send(2));
  sender.start();
  closing.close();
  const auto sent = sender.finish();
  EXPECT_TRUE(!sent && sent.error().is(EPIPE));
  EXPECT_EQ(*run_on(queue, closing.receive()), 1);
  const auto end = run_on(queue, closing.receive());
  EXPECT_TRUE(!end && end.error().is(condition::end_of_stream));
  const auto late = run_on(queue, closing.send(3));
  EXPECT_TRUE(!late && late.error().is(EPIPE));
}

TEST(channel, a_cancelled_receiver_leaves_the_line) {
  plain_queue queue;
  channel<int> line(1);
  root<result<int>> leaving(queue, line.receive());
  root<result<int>> staying(queue, line.receive());
  leaving.start();
  staying.start();
  leaving.context.cancel();
  const auto left = leaving.finish();
  EXPECT_TRUE(!left && left.error().is(ECANCELED));
  EXPECT_TRUE(run_on(queue, line.send(5)));
  EXPECT_EQ(*staying.finish(), 5);
}

// An item made one receiver ready; before that ran it was cancelled. The item belongs to the next
// receiver, which would otherwise wait beside it for ever.
TEST(channel, a_receiver_cancelled_after_its_wake_up_passes_it_on) {
  plain_queue queue;
  channel<int> line(1);
  root<result<int>> leaving(queue, line.receive());
  root<result<int>> staying(queue, line.receive());
  leaving.start();
  staying.start();
  root<result<void>> sender(queue, line.send(6));
  EXPECT_TRUE(sender.start().ended);
  leaving.context.cancel();
  EXPECT_EQ(*staying.finish(), 6);
  EXPECT_FALSE(leaving.finish());
  EXPECT_TRUE(sender.finish());
}

TEST(channel, a_sender_cancelled_after_its_wake_up_passes_it_on) {
  plain_queue queue;
  channel<int> line(1);
  EXPECT_TRUE(run_on(queue, line.send(0)));
  root<result<void>> leaving(queue, line.send(1));
  root<result<void>> staying(queue, line.send(2));
  leaving.start();
  staying.start();
  root<result<int>> receiver(queue, line.receive());
  EXPECT_TRUE(receiver.start().ended);
  leaving.context.cancel();
  EXPECT_TRUE(staying.finish());
  EXPECT_FALSE(leaving.finish());
  EXPECT_EQ(*receiver.finish(), 0);
  EXPECT_EQ(*run_on(queue, line.receive()), 2);
}

TEST(channel, holds_what_can_only_be_moved) {
  plain_queue queue;
  channel<std::unique_ptr<int>> owners(1);
  EXPECT_TRUE(run_on(queue, owners.send(std::make_unique<int>(9))));
  auto got = run_on(queue, owners.receive());
  ASSERT_TRUE(got);
  EXPECT_EQ(**got, 9);
}

task<> receive_into(channel<int>& from, int& into) {
  const auto got = co_await from.receive();
  if (got) into = *got;
}
task<std::size_t> first_that_speaks(channel<int>& one, channel<int>& other, int& got) {
  int unheard = -1;
  auto first = co_await first_of(receive_into(one, unheard), receive_into(other, got));
  co_return first;
}
TEST(channel, the_first_of_two_channels_that_speaks) {
  plain_queue queue;
  channel<int> one(1), other(1);
  int got = -1;
  root<std::size_t> main(queue, first_that_speaks(one, other, got));
  main.start();
  queue.run();
  EXPECT_TRUE(run_on(queue, other.send(4)));
  EXPECT_EQ(main.finish(), 1u);
  EXPECT_EQ(got, 4);
}

}  // namespace
}  // namespace samjoko

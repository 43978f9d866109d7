// The limits of a connection and what ends it, by a simulated clock: to the millisecond.
#include <gtest/gtest.h>

#include <cerrno>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/net/connection.hpp>
#include <string>

namespace samjoko {
namespace {

using std::chrono::seconds;

/// A connection whose peer is a task of the test, on a few seeds.
class simulated_client : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void run(task<> handler, task<> peer) {
    io::main_task at_peer(on, std::move(peer));
    io::main_task server(on, std::move(handler));
    at_peer.begin();
    server.finish();
    EXPECT_TRUE(at_peer.ended);
    for (const auto& finding : on.findings()) ADD_FAILURE() << finding.story;
  }
  void run(task<> handler) { io::main_task(on, std::move(handler)).finish(); }

  connection_limits limits;
  stop_flag stop;
  io::simulated_loop on{GetParam()};
  std::pair<int, int> ends = on.network().make_pair(10);
  connection client{on, os::descriptor(ends.first), limits, stop};
};
INSTANTIATE_TEST_SUITE_P(seeds, simulated_client, ::testing::Range<std::uint64_t>(0, 20));

task<> pause_for(io::loop& on, milliseconds time) {
  static_cast<void>(co_await io::sleep_until(on, deadline(on.now() + time)));
}
task<> send_bytes(io::loop& on, int to, int count, milliseconds between) {
  for (; count > 0; --count) {
    co_await io::send_text(on, to, "x");
    co_await pause_for(on, between);
  }
}
task<> take_bytes(io::loop& on, int from, std::size_t each, milliseconds between) {
  std::string part(each, '\0');
  for (;;) {
    io::any_operation receive(on, io::operation_kind::receive, from, part.data(), part.size());
    const auto got = co_await receive;
    if (got <= 0) co_return;
    co_await pause_for(on, between);
  }
}

template <class Code>
task<> expect_read_fails(connection& client, Code code, milliseconds after) {
  const auto begin = client.loop().now();
  const auto got = co_await client.read();
  EXPECT_TRUE(!got && got.error().is(code));
  EXPECT_EQ(client.loop().now() - begin, after);
}
TEST_P(simulated_client, silence_meets_the_idle_limit) {
  run(expect_read_fails(client, ETIMEDOUT, seconds(60)));
  client.set_idle_limit(milliseconds(1500));
  run(expect_read_fails(client, ETIMEDOUT, milliseconds(1500)));
  client.set_idle_limit(milliseconds(0));
  client.set_deadline(deadline(on.now() + std::chrono::hours(5)));
  run(expect_read_fails(client, ETIMEDOUT, std::chrono::hours(5)));
}

task<> expect_bytes(connection& client, int count) {
  for (; count > 0; --count) {
    const auto got = co_await client.read();
    EXPECT_TRUE(got && !got->empty());
  }
}
TEST_P(simulated_client, a_byte_in_time_begins_the_idle_limit_anew) {
  client.set_idle_limit(milliseconds(1000));
  run(expect_bytes(client, 9), send_bytes(on, ends.second, 9, milliseconds(999)));
}

task<> expect_line_fails(connection& client, milliseconds after) {
  const auto begin = client.loop().now();
  client.set_deadline(deadline(begin + after));
  const auto line = co_await client.read_line();
  EXPECT_TRUE(!line && line.error().is(ETIMEDOUT));
  EXPECT_EQ(client.loop().now() - begin, after);
}
TEST_P(simulated_client, a_trickle_meets_the_deadline_of_the_whole_exchange) {
  client.set_idle_limit(milliseconds(1000));
  run(expect_line_fails(client, milliseconds(2500)),
      send_bytes(on, ends.second, 5, milliseconds(600)));
}

task<> write_much(connection& client, std::size_t size, int code, milliseconds after) {
  const std::string text(size, 'x');
  const auto begin = client.loop().now();
  const auto written = co_await client.write(text);
  EXPECT_EQ(written ? 0 : written.error().code(), code);
  EXPECT_EQ(client.loop().now() - begin, after);
  client.shutdown_send();
}
TEST_P(simulated_client, who_takes_nothing_meets_the_limit_on_writing) {
  limits.write_idle = seconds(3);
  run(write_much(client, 100, ETIMEDOUT, seconds(3)));
}
// 2000 bytes at 100 bytes per second after a grace of a second: 21 s, though some are taken always.
TEST_P(simulated_client, who_takes_little_meets_the_minimum_rate) {
  limits.write_idle = seconds(3);
  limits.minimum_write_rate = 100;
  limits.write_grace = seconds(1);
  run(write_much(client, 2000, ETIMEDOUT, seconds(21)),
      take_bytes(on, ends.second, 10, milliseconds(500)));
}
task<> write_in_time(connection& client, std::size_t size) {
  const std::string text(size, 'x');
  const auto written = co_await client.write(text);
  EXPECT_TRUE(written);
  client.shutdown_send();
}
TEST_P(simulated_client, who_takes_enough_may_take_long) {
  limits.write_idle = seconds(3);
  limits.minimum_write_rate = 2;
  limits.write_grace = seconds(1);
  run(write_in_time(client, 2000), take_bytes(on, ends.second, 10, milliseconds(500)));
}
TEST_P(simulated_client, without_a_minimum_rate_only_silence_counts) {
  limits.write_idle = seconds(3);
  limits.minimum_write_rate = 0;
  run(write_in_time(client, 200), take_bytes(on, ends.second, 1, milliseconds(2900)));
}

task<> answer_after_the_end(connection& client) {
  const auto line = co_await client.read_line();
  EXPECT_TRUE(line && *line == "question");
  const auto end = co_await client.read();
  EXPECT_TRUE(!end && end.error().is(condition::end_of_stream));
  EXPECT_FALSE(client.wants_linger());
  const auto written = co_await client.write("an answer", " behind", " the end");
  EXPECT_TRUE(written);
  client.shutdown_send();
}
task<> ask_and_finish(io::loop& on, int with, std::string& heard) {
  co_await io::send_and_finish(on, with, "question\n");
  co_await io::receive_to_end(on, with, heard, 4);
}
TEST_P(simulated_client, a_peer_that_has_finished_still_gets_its_answer) {
  std::string heard;
  run(answer_after_the_end(client), ask_and_finish(on, ends.second, heard));
  EXPECT_EQ(heard, "an answer behind the end");
}

task<> finish_and_listen(connection& client) {
  client.shutdown_send();
  const auto line = co_await client.read_line();
  EXPECT_TRUE(line && *line == "still here");
  EXPECT_TRUE(client.wants_linger());
  const auto written = co_await client.write("too late");
  EXPECT_TRUE(!written && written.error().is(EPIPE));
}
TEST_P(simulated_client, who_has_finished_still_hears) {
  run(finish_and_listen(client), io::send_text(on, ends.second, "still here\n"));
}

TEST_P(simulated_client, a_reset_is_an_error_and_ends_lingering) {
  run(write_in_time(client, 5));
  io::do_at_once(on, io::operation_kind::close, ends.second);
  run(expect_read_fails(client, ECONNRESET, milliseconds(0)));
  EXPECT_FALSE(client.wants_linger());
}

TEST_P(simulated_client, a_stop_ends_a_read_between_requests_at_once) {
  client.stop_ends_reads(true);
  EXPECT_FALSE(client.stop_requested());
  on.later(milliseconds(250), [this] {
    stop.request(stop_level::graceful);
    client.end_wait_for_request();
  });
  run(expect_read_fails(client, condition::stopping, milliseconds(250)));
  EXPECT_TRUE(client.stop_requested());
  run(expect_read_fails(client, condition::stopping, milliseconds(0)));
}
// Bytes that had arrived before the stop belong to a request that has begun: they are answered.
TEST_P(simulated_client, a_stop_leaves_the_bytes_that_had_come) {
  client.stop_ends_reads(true);
  run(io::send_text(on, ends.second, "begun"));
  stop.request(stop_level::graceful);
  run(expect_bytes(client, 1));
}
TEST_P(simulated_client, a_stop_leaves_a_read_inside_a_request_alone) {
  stop.request(stop_level::graceful);
  client.end_wait_for_request();
  run(expect_bytes(client, 1), io::send_text(on, ends.second, "x"));
}

}  // namespace
}  // namespace samjoko

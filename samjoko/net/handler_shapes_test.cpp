// The shapes in which handlers are written, on real waits: those of the README, and the others that
// docs/hazards.md calls right. Once `co_await` as a bare condition made a handler hang; what GCC 12
// gets wrong, and where, is in task/await_shapes_test.cpp.
#include <gtest/gtest.h>

#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/net/connection.hpp>
#include <string>

namespace samjoko {
namespace {

const connection_limits limits;
const stop_flag no_stop;

task<> echo_of_the_readme(connection& client) {
  while (auto bytes = co_await client.read()) {
    const auto written = co_await client.write(*bytes);
    if (!written) co_return;
  }
  client.shutdown_send();
}
task<> echo_by_a_bare_condition(connection& client) {
  while (auto bytes = co_await client.read()) {
    if (!co_await client.write(*bytes)) co_return;
  }
  client.shutdown_send();
}
task<> echo_by_an_endless_loop(connection& client) {
  for (;;) {
    const auto got = co_await client.read();
    if (!got) break;
    if (const auto written = co_await client.write(got->view().first(1), got->view().subspan(1));
        !written)
      co_return;
  }
  client.shutdown_send();
}
task<> echo_of_lines(connection& client) {
  while (const auto line = co_await client.read_line()) {
    const std::string kept(*line);
    if (!co_await client.write(kept, "\n")) co_return;
  }
  client.shutdown_send();
}
task<> echo_of_exact_bytes(connection& client) {
  std::array<std::byte, 1> one{};
  while (co_await client.read_exact(one)) {
    EXPECT_TRUE(co_await client.write(one));
  }
  client.shutdown_send();
}
task<result<void>> send_back(connection& client) {
  const auto got = co_await client.read();
  if (!got) co_return std::unexpected(got.error());
  co_return co_await client.write(*got);
}
task<> echo_by_a_child(connection& client) {
  auto last = co_await send_back(client);
  while (last) last = co_await send_back(client);
  EXPECT_TRUE(last.error().is(condition::end_of_stream));
  client.shutdown_send();
}

using handler = task<> (*)(connection&);
class handler_shapes : public ::testing::TestWithParam<handler> {};

const std::string sent = "one\n\ntwo\nthree\n";

TEST_P(handler_shapes, in_the_simulated_loop) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    io::simulated_loop on(seed);
    const auto ends = on.network().make_pair(3);
    std::string got;
    {
      connection client(on, os::descriptor(ends.first), limits, no_stop);
      io::main_task sender(on, io::send_and_finish(on, ends.second, sent));
      io::main_task receiver(on, io::receive_to_end(on, ends.second, got, 2));
      io::main_task server(on, GetParam()(client));
      sender.begin();
      receiver.begin();
      server.finish();
    }
    ASSERT_EQ(got, sent) << "seed " << seed;
    ASSERT_TRUE(on.findings().empty());
  }
}

template <class Loop>
std::string echoed_by(handler handle) {
  io::real_bed<Loop> bed;
  const auto ends = bed.sockets();
  std::string got;
  {
    connection client(bed.on(), os::descriptor(ends.first), limits, no_stop);
    io::main_task sender(bed.on(), io::send_and_finish(bed.on(), ends.second, sent));
    io::main_task receiver(bed.on(), io::receive_to_end(bed.on(), ends.second, got, 2));
    io::main_task server(bed.on(), handle(client));
    receiver.begin();
    sender.begin();
    server.finish();
  }
  io::do_at_once(bed.on(), io::operation_kind::close, ends.second);
  return got;
}
TEST_P(handler_shapes, in_the_epoll_loop) {
  EXPECT_EQ(echoed_by<io::epoll_loop>(GetParam()), sent);
}

/// Alone on its thread, so that every wait blocks in place: all was sent before.
TEST_P(handler_shapes, alone_in_the_blocking_loop) {
  io::real_bed<io::blocking_loop> bed;
  auto& on = bed.on();
  const auto ends = bed.sockets();
  io::main_task(on, io::send_and_finish(on, ends.second, sent)).finish();
  {
    connection client(on, os::descriptor(ends.first), limits, no_stop);
    io::main_task(on, GetParam()(client)).finish();
  }
  std::string got;
  io::main_task(on, io::receive_to_end(on, ends.second, got, 2)).finish();
  io::do_at_once(on, io::operation_kind::close, ends.second);
  EXPECT_EQ(got, sent);
}

INSTANTIATE_TEST_SUITE_P(each, handler_shapes,
                         ::testing::Values(echo_of_the_readme, echo_by_a_bare_condition,
                                           echo_by_an_endless_loop, echo_of_lines,
                                           echo_of_exact_bytes, echo_by_a_child));

}  // namespace
}  // namespace samjoko

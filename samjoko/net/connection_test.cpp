#include <samjoko/net/connection.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <samjoko/io/contract_bed.hpp>
#include <samjoko/net/connect.hpp>
#include <samjoko/os/socket.hpp>
#include <string>

namespace samjoko {
namespace {

const connection_limits limits;
const stop_flag no_stop;

/// Each seed fragments what the peer sends in another way.
void on_each_seed(const std::string& sent, task<> (*handler)(connection&)) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    io::simulated_loop on(seed);
    const auto ends = on.network().make_pair(1 + seed % 17);
    connection client(on, os::descriptor(ends.first), limits, no_stop);
    io::main_task peer(on, io::send_and_finish(on, ends.second, sent));
    io::main_task server(on, handler(client));
    peer.begin();
    server.finish();
    EXPECT_TRUE(peer.ended);
    EXPECT_TRUE(on.findings().empty());
  }
}

task<> read_three_lines(connection& client) {
  for (const std::string expected : {"one", "", "three"}) {
    const auto line = co_await client.read_line(16);
    EXPECT_TRUE(line && *line == expected);
  }
  std::array<std::byte, 4> four{};
  const auto whole = co_await client.read_exact(four);
  EXPECT_TRUE(whole && as_text(four) == "four");
  const auto end = co_await client.read_line(16);
  EXPECT_TRUE(!end && end.error().is(condition::end_of_stream));
}
TEST(connection, lines_and_exact_bytes_however_they_arrive) {
  on_each_seed("one\r\n\nthree\nfour", &read_three_lines);
}

task<> read_too_long(connection& client) {
  const auto line = co_await client.read_line(8);
  EXPECT_TRUE(!line && line.error().is(condition::too_long));
  const auto rest = co_await client.read_until("!", 64);
  EXPECT_TRUE(rest && *rest == "0123456789!");
}
TEST(connection, a_line_past_its_limit_is_refused_and_stays_unread) {
  on_each_seed("0123456789!", &read_too_long);
}

task<> write_in_parts(connection& client) {
  const std::string name = "World";
  const auto written = co_await client.write("Hello", as_bytes(", "), bytes(), name, "!");
  EXPECT_TRUE(written);
  client.shutdown_send();
}
TEST(connection, parts_arrive_in_order_and_half_close_ends_them) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    io::simulated_loop on(seed);
    const auto ends = on.network().make_pair(3);
    connection client(on, os::descriptor(ends.first), limits, no_stop);
    std::string got;
    io::main_task peer(on, io::receive_to_end(on, ends.second, got, 2));
    io::main_task server(on, write_in_parts(client));
    peer.begin();
    server.finish();
    EXPECT_EQ(got, "Hello, World!");
  }
}

task<> connect_and_drop(connection& from, const os::address& to, int rounds) {
  for (; rounds > 0; --rounds) {
    auto socket = co_await connect(from, to, milliseconds(5000));
    EXPECT_TRUE(socket) << socket.error().sentence();
  }
}
task<> connect_in_vain(connection& from, const os::address& to) {
  auto socket = co_await connect(from, to, milliseconds(5000));
  EXPECT_TRUE(!socket && socket.error().is(ECONNREFUSED));
}
// The number of a connection that was dropped is used by the next one: the loop must know nothing
// of it.
TEST(connect, reaches_a_listener_again_and_again_and_is_refused_without_one) {
  io::epoll_loop on;
  const auto ends = io::real_bed<io::epoll_loop>().sockets();
  connection client(on, os::descriptor(ends.first), limits, no_stop);
  const os::descriptor other(ends.second);
  auto listener = os::listen_on(*os::address::parse("127.0.0.1:0"));
  ASSERT_TRUE(listener);
  const auto where = os::local_address(listener->get());
  io::main_task(on, connect_and_drop(client, *where, 5)).finish();
  listener->reset();
  io::main_task(on, connect_in_vain(client, *where)).finish();
}

}  // namespace
}  // namespace samjoko

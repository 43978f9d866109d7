#include <samjoko/net/connection.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <samjoko/io/testing/contract_bed.hpp>
#include <stdexcept>
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

task<> write_and_look_at_nothing(connection& client, int& times) {
  client.shutdown_send();
  for (;; ++times) static_cast<void>(co_await client.write("x"));
}
task<> read_and_look_at_nothing(connection& client, int& times) {
  for (;; ++times) static_cast<void>(co_await client.read());
}
TEST(connection, a_loop_of_failures_that_nobody_looks_at_ends) {
  for (auto* const handler : {&write_and_look_at_nothing, &read_and_look_at_nothing}) {
    io::simulated_loop on(1);
    const auto ends = on.network().make_pair(100);
    connection client(on, os::descriptor(ends.first), limits, no_stop);
    int times = 0;
    io::main_task peer(on, io::send_and_finish(on, ends.second, "a few bytes"));
    io::main_task server(on, handler(client, times));
    peer.begin();
    EXPECT_THROW(server.finish(), std::runtime_error);
    EXPECT_GT(times, 1000);
  }
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

task<> send_part_of_a_file(connection& client, int file) {
  const auto head = co_await client.write("head:");
  EXPECT_TRUE(head);
  const auto sent = co_await client.send_file(file, 3, 10);
  EXPECT_TRUE(sent && *sent == 10);
  const auto rest = co_await client.send_file(file, 95, 10);
  EXPECT_TRUE(rest && *rest == 5) << "fewer at the end of the file";
  const auto nothing = co_await client.send_file(file, 0, 0);
  EXPECT_TRUE(nothing && *nothing == 0);
  client.shutdown_send();
}
TEST(connection, a_file_is_sent_from_any_place_to_its_end) {
  const auto text = io::pattern(100);
  const os::descriptor file(::memfd_create("sent", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), 100);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    io::simulated_loop on(seed);
    const auto ends = on.network().make_pair(1 + seed % 9);
    connection client(on, os::descriptor(ends.first), limits, no_stop);
    std::string got;
    io::main_task peer(on, io::receive_to_end(on, ends.second, got, 1 + seed % 5));
    io::main_task server(on, send_part_of_a_file(client, file.get()));
    peer.begin();
    server.finish();
    ASSERT_EQ(got, "head:" + text.substr(3, 10) + text.substr(95));
  }
}

}  // namespace
}  // namespace samjoko

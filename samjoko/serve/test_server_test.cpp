// What a user's unit test can do with a service: several clients, limits, a stop, all in memory.

#include <gtest/gtest.h>

#include <samjoko/serve/session.hpp>
#include <samjoko/service/testing.hpp>
#include <set>
#include <string>

namespace samjoko {
namespace {

struct tally {
  int lines = 0;
};

task<next> number(connection& client, tally& seen) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  const auto answer = std::to_string(++seen.lines) + " " + std::string(*line) + "\n";
  const auto written = co_await client.write(answer);
  if (!written) co_return next::close;
  co_return next::keep;
}
service numbering() { return {.name = "number", .handler = number}; }

TEST(test_server, clients_keep_their_own_state) {
  test_server server(numbering());
  auto alice = server.connect(), bob = server.connect();
  alice.send("a\nb\n");
  bob.send("c\n");
  EXPECT_EQ(alice.received(), "1 a\n2 b\n");
  EXPECT_EQ(bob.received(), "1 c\n");
  EXPECT_EQ(alice.received(), "") << "each byte is told once";
  EXPECT_EQ(server.open_clients(), 2U);
}

TEST(test_server, every_seed_gives_the_same_answers_in_other_pieces) {
  const std::string much(10'000, 'x');
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    test_server server(numbering(), {.seed = seed, .limits = {}});
    auto client = server.connect();
    client.send("half ");
    EXPECT_EQ(client.received(), "");
    client.send("a line\n" + much.substr(0, 8000) + "\n");
    EXPECT_EQ(client.received(), "1 half a line\n2 " + much.substr(0, 8000) + "\n") << seed;
  }
}

TEST(test_server, a_silent_client_is_closed_after_its_limit_on_the_virtual_clock) {
  connection_limits limits;
  limits.idle = std::chrono::hours(3);
  test_server server(numbering(), {.seed = 1, .limits = limits});
  auto client = server.connect();
  server.pass(std::chrono::hours(2));
  EXPECT_FALSE(client.sees_end());
  client.send("x\n");
  server.pass(std::chrono::hours(2));
  EXPECT_FALSE(client.sees_end()) << "it spoke two hours ago";
  server.pass(std::chrono::hours(2));
  EXPECT_TRUE(client.sees_end());
  client.leave();
  EXPECT_EQ(server.open_clients(), 0U);
}

TEST(test_server, a_graceful_stop_finishes_what_has_begun) {
  test_server server(numbering());
  auto idle = server.connect(), busy = server.connect();
  idle.send("x\n");
  busy.send("ha");
  EXPECT_EQ(idle.received(), "1 x\n");
  server.stop();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(busy.sees_end());
  busy.send("lf\n");
  EXPECT_EQ(busy.received(), "1 half\n");
  EXPECT_TRUE(busy.sees_end());
}

TEST(test_server, an_immediate_stop_closes_all) {
  test_server server(numbering());
  auto client = server.connect();
  client.send("ha");
  server.stop(stop_level::immediate);
  EXPECT_TRUE(client.sees_end() || client.sees_reset());
  EXPECT_EQ(server.open_clients(), 0U);
}

task<> flood(connection& client) {
  const std::string piece(1000, 'y');
  for (;;) {
    const auto written = co_await client.write(piece);
    if (!written) co_return;
  }
}

TEST(test_server, writes_to_a_client_that_does_not_read_wait_and_fail_at_their_limit) {
  connection_limits limits;
  limits.write_idle = std::chrono::seconds(20);
  test_server server({.name = "flood", .handler = flood}, {.seed = 3, .limits = limits});
  auto client = server.connect();
  client.reads(false);
  server.pass(std::chrono::seconds(10));
  EXPECT_EQ(server.open_clients(), 1U);
  server.pass(std::chrono::seconds(30));
  EXPECT_EQ(server.open_clients(), 0U);
}

TEST(test_server, a_service_that_never_stops_to_write_is_heard_in_portions) {
  test_server server({.name = "flood", .handler = flood});
  auto client = server.connect();
  EXPECT_GE(client.received().size(), std::size_t{4 << 20});
  EXPECT_EQ(server.open_clients(), 1U);
}

TEST(test_server, a_write_fails_when_the_client_has_left) {
  test_server server({.name = "flood", .handler = flood});
  auto client = server.connect();
  client.reads(false);
  server.pass(milliseconds(1));
  client.leave();
  EXPECT_EQ(server.open_clients(), 0U);
}

task<next> who(connection& client) {
  const auto read = co_await client.read();
  if (!read) co_return next::close;
  const auto peer = client.peer();
  const std::string name = peer ? peer->text() : "?";
  const auto written = co_await client.write(name);
  if (!written) co_return next::close;
  co_return next::close;
}

TEST(test_server, the_service_sees_the_address_of_its_client) {
  test_server server({.name = "who", .handler = who});
  for (const auto* from : {"192.0.2.7:1234", "[2001:db8::1]:9"}) {
    auto client = server.connect(from);
    client.send("?");
    EXPECT_EQ(client.received(), from);
    EXPECT_TRUE(client.sees_end());
  }
}

TEST(test_server, a_client_that_has_finished_still_hears_its_answers) {
  test_server server(numbering());
  auto client = server.connect();
  client.send("last\n");
  client.finish_sending();
  EXPECT_EQ(client.received(), "1 last\n");
  EXPECT_TRUE(client.sees_end());
}

TEST(test_server, what_a_handler_throws_ends_its_client_alone) {
  test_server server({.name = "throws", .handler = [](connection& client) -> task<next> {
                        const auto read = co_await client.read();
                        if (read) throw std::runtime_error("on purpose");
                        co_return next::close;
                      }});
  auto one = server.connect(), other = server.connect();
  one.send("x");
  EXPECT_TRUE(one.sees_end());
  EXPECT_FALSE(other.sees_end());
}

}  // namespace
}  // namespace samjoko

// How each model stops: gracefully, at once, and when its master is gone.

#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

TEST_P(model_contract, stopping_closes_clients_at_rest_and_reads_to_their_end) {
  for (const auto& offered : {echo(), counting()}) {
    running_model server(GetParam(), offered);
    auto client = server.connect();
    EXPECT_TRUE(client.send("x\n"));
    EXPECT_FALSE(client.receive_line().empty());
    auto silent = server.connect();
    EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 2; }));
    server.stop(stop_level::graceful);
    EXPECT_TRUE(client.sees_end()) << offered.name;
    // The connection is half-closed: what is on its way still arrives, without a reset.
    EXPECT_TRUE(client.send("too late\n"));
    EXPECT_TRUE(client.sees_end()) << offered.name;
    EXPECT_TRUE(silent.sees_end()) << offered.name;
    client.close();
    silent.close();
    server.expect_end();
  }
}

TEST_P(model_contract, stopping_does_not_wait_long_for_clients_that_never_close) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "1 x\n");
  server.stop(stop_level::graceful);
  EXPECT_TRUE(client.sees_end());
  server.expect_end();  // the client is still open
}

TEST_P(model_contract, a_client_who_talks_on_through_the_goodbye_is_cut) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "1 x\n");
  server.stop(stop_level::graceful);
  EXPECT_TRUE(client.sees_end());
  const std::string much(1u << 16, 'x');
  const auto until = patience();
  while (client.send(much)) ASSERT_FALSE(until.passed(steady::now()));
  client.close();
  server.expect_end();
}

TEST_P(model_contract, stopping_lets_a_begun_turn_finish) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "1 x\n");
  EXPECT_TRUE(client.send("hal"));
  auto idle = server.connect();
  EXPECT_EQ(idle.ask("x\n"), "1 x\n");
  server.stop(stop_level::graceful);
  EXPECT_TRUE(idle.sees_end());  // now it is known that the stop has arrived
  EXPECT_EQ(client.ask("f\n"), "2 half\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  idle.close();
  server.expect_end();
}

task<> two_lines(connection& client) {
  const auto first = co_await client.read_line();
  if (!first) co_return;
  static_cast<void>(co_await client.write("and?\n"));
  const auto second = co_await client.read_line();
  if (!second) co_return;
  static_cast<void>(co_await client.write("done\n"));
}

TEST_P(model_contract, stopping_lets_a_plain_handler_finish) {
  running_model server(GetParam(), {.name = "two", .handler = two_lines});
  auto client = server.connect();
  EXPECT_EQ(client.ask("one\n"), "and?\n");
  server.stop(stop_level::graceful);
  EXPECT_EQ(client.ask("two\n"), "done\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.expect_end();
}

TEST_P(model_contract, the_backlog_is_served_before_the_end) {
  serve_limits limits;
  limits.pool_max = 4;
  running_model server(GetParam(), counting(), {.limits = limits});
  {
    auto first = server.connect();
    EXPECT_EQ(first.ask("x\n"), "1 x\n");
  }
  EXPECT_TRUE(server.serves_nobody());
  server.freeze();
  std::vector<test_client> clients;
  for (int each = 0; each < 30; ++each) {
    clients.push_back(server.connect());
    EXPECT_TRUE(clients.back().send("y\n"));
  }
  server.stop(stop_level::graceful);
  server.thaw();
  for (auto& each : clients) {
    EXPECT_EQ(each.receive_line(), "1 y\n");
    EXPECT_TRUE(each.sees_end());
    each.close();
  }
  server.expect_end();
  EXPECT_EQ(server.counts().accepted.load(), 31u);
}

TEST_P(model_contract, stopping_at_once_ends_every_wait) {
  running_model server(GetParam(), counting());
  auto idle = server.connect();
  EXPECT_EQ(idle.ask("x\n"), "1 x\n");
  auto busy = server.connect();
  EXPECT_EQ(busy.ask("x\n"), "1 x\n");
  EXPECT_TRUE(busy.send("hal"));
  auto silent = server.connect();
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 3; }));
  server.stop(stop_level::immediate);
  EXPECT_TRUE(idle.is_cut_off());
  EXPECT_TRUE(busy.is_cut_off());
  EXPECT_TRUE(silent.is_cut_off());
  server.expect_end();
}

task<> never_reads_on(connection& client) {
  const std::string all(16u << 20, 'x');
  static_cast<void>(co_await client.write(all));
  static_cast<void>(co_await io::sleep_until(client.loop(), deadline::never()));
}

TEST_P(model_contract, a_client_who_never_finishes_is_cut_by_the_second_order) {
  running_model server(GetParam(), {.name = "never", .handler = never_reads_on});
  auto writing = server.connect();
  EXPECT_EQ(writing.receive(1000).size(), 1000u);
  auto sleeping = server.connect();
  EXPECT_EQ(sleeping.receive(16u << 20).size(), 16u << 20);
  server.stop(stop_level::graceful);
  EXPECT_FALSE(os::wait_readable(sleeping.socket(), deadline::after(milliseconds(50))));
  server.stop(stop_level::immediate);
  EXPECT_TRUE(sleeping.is_cut_off());
  server.expect_end();
}

TEST_P(model_contract, a_worker_without_master_stops_gracefully) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "1 x\n");
  EXPECT_TRUE(client.send("hal"));
  auto idle = server.connect();
  EXPECT_EQ(idle.ask("x\n"), "1 x\n");
  server.lose_master();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_EQ(client.ask("f\n"), "2 half\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  idle.close();
  server.expect_end();
}

TEST_P(model_contract, nobody_outlives_a_killed_worker) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "1 x\n");
  auto other = server.connect();
  EXPECT_EQ(other.ask("x\n"), "1 x\n");
  server.kill_worker();
  EXPECT_TRUE(client.is_cut_off());
  EXPECT_TRUE(other.is_cut_off());
}

TEST_P(model_contract, stopping_among_clients_who_come_and_go) {
  running_model server(GetParam(), counting());
  std::vector<test_client> clients;
  for (int each = 0; each < 20; ++each) {
    clients.push_back(server.connect());
    EXPECT_TRUE(clients.back().send("x\ny\n"));
  }
  server.stop(stop_level::graceful);
  for (auto& each : clients) {
    EXPECT_EQ(each.receive_to_end(), "1 x\n2 y\n");
    each.close();
  }
  server.expect_end();
}

}  // namespace
}  // namespace samjoko::serve

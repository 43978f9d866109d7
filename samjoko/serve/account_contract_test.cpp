// The limits on connections are the program's: several workers, of any model, count in one account.

#include <samjoko/serve/connection_limiter.hpp>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

/// Two workers of one program, each with a listener of its own, so that a test can choose.
struct two_workers {
  two_workers(const placement& what, const serve_limits& limits)
      : account(connection_limiter::make(limits, 2).value()),
        one(what, counting(), {.limits = limits, .account = &account, .worker = 1}),
        two(what, counting(), {.limits = limits, .account = &account, .worker = 2}) {}

  connection_limiter account;
  running_model one;
  running_model two;
};

serve_limits most(std::uint32_t in_all, std::uint32_t of_peer) {
  serve_limits limits;
  limits.max_connections = in_all;
  limits.max_connections_per_peer = of_peer;
  return limits;
}

bool is_served(test_client& client) {
  return client.send("x\n") && client.receive_line() == "1 x\n";
}
bool soon_serves_another(const running_model& server) {
  return eventually([&] {
    auto client = server.connect();
    return is_served(client);
  });
}

TEST_P(model_contract, the_limit_holds_over_all_workers) {
  two_workers all(GetParam(), most(3, 0));
  auto first = all.one.connect();
  auto second = all.one.connect();
  auto third = all.two.connect();
  for (auto* each : {&first, &second, &third}) EXPECT_TRUE(is_served(*each));
  EXPECT_TRUE(all.one.connect().is_cut_off());
  EXPECT_TRUE(all.two.connect().is_cut_off());
  EXPECT_TRUE(eventually([&] { return all.account.refused() == 2; }));
  EXPECT_EQ(all.account.open(), 3u);
  EXPECT_EQ(first.ask("y\n"), "2 y\n");
  first.close();
  EXPECT_TRUE(eventually([&] { return all.account.open() == 2; }));
  auto fourth = all.two.connect();
  EXPECT_TRUE(is_served(fourth));
  EXPECT_TRUE(all.one.connect().is_cut_off());
  for (auto* each : {&second, &third, &fourth}) each->close();
  EXPECT_TRUE(eventually([&] { return all.account.open() == 0; }));
  all.one.stop_and_expect_end();
  all.two.stop_and_expect_end();
}

TEST_P(model_contract, the_limit_of_a_peer_holds_over_all_workers) {
  two_workers all(GetParam(), most(0, 2));
  auto first = all.one.connect();
  auto second = all.two.connect();
  for (auto* each : {&first, &second}) EXPECT_TRUE(is_served(*each));
  EXPECT_TRUE(all.one.connect().is_cut_off());
  EXPECT_TRUE(all.two.connect().is_cut_off());
  test_client elsewhere(all.one.address(), {.from = "127.0.0.2:0", .receive_buffer = 0});
  EXPECT_TRUE(is_served(elsewhere));
  second.close();
  EXPECT_TRUE(eventually([&] { return all.account.open() == 2; }));
  auto third = all.one.connect();
  EXPECT_TRUE(is_served(third));
  for (auto* each : {&first, &third, &elsewhere}) each->close();
  EXPECT_TRUE(eventually([&] { return all.account.open() == 0; }));
  all.one.stop_and_expect_end();
  all.two.stop_and_expect_end();
}

TEST_P(model_contract, what_a_killed_worker_held_is_free_again) {
  two_workers all(GetParam(), most(2, 2));
  auto first = all.one.connect();
  auto second = all.one.connect();
  for (auto* each : {&first, &second}) EXPECT_TRUE(is_served(*each));
  EXPECT_TRUE(all.two.connect().is_cut_off());
  all.one.kill_worker();
  all.account.give_back(1);
  EXPECT_EQ(all.account.open(), 0u);
  auto third = all.two.connect();
  auto fourth = all.two.connect();
  for (auto* each : {&third, &fourth}) EXPECT_TRUE(is_served(*each));
  EXPECT_TRUE(all.two.connect().is_cut_off());
  for (auto* each : {&first, &second, &third, &fourth}) each->close();
  EXPECT_TRUE(all.two.is_the_only_child());
  EXPECT_TRUE(all.two.serves_nobody());
  all.two.stop_and_expect_end();
}

TEST_P(model_contract, what_a_killed_process_of_a_client_held_is_free_again) {
  if (GetParam().where != model::process)
    GTEST_SKIP() << "its clients have no process of their own";
  running_model server(GetParam(), counting(), {.limits = most(1, 1)});
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(server.serves_nobody());
    auto client = server.connect();
    EXPECT_TRUE(is_served(client));
    // Wait for a moment between its steps: the counters, unlike the account, may be one off within
    // one.
    EXPECT_TRUE(server.family_sleeps());
    for (const auto child : server.children()) ::kill(child, SIGKILL);
    EXPECT_TRUE(soon_serves_another(server));
  }
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

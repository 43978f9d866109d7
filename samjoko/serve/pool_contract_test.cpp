// What a pool adds to the contract: its size, and that idle clients do not hold it.

#include <atomic>
#include <map>
#include <samjoko/io/await.hpp>
#include <samjoko/os/thread_id.hpp>
#include <samjoko/serve/testing/model_contract.hpp>
#include <thread>

namespace samjoko::serve {
namespace {

class pooled_model_contract : public model_contract {};

INSTANTIATE_TEST_SUITE_P(every_pool, pooled_model_contract,
                         ::testing::Values(pooled_threads, pooled_processes),
                         [](const auto& each) { return std::string(each.param.name); });

serve_limits pool_of(std::uint32_t least, std::uint32_t most) {
  serve_limits limits;
  limits.pool_min = least;
  limits.pool_max = most;
  return limits;
}

/// Clients that connect and are served, so that each has its member of the pool; then they rest.
std::vector<test_client> resting_clients(const running_model& server, int count) {
  std::vector<test_client> clients;
  for (int each = 0; each < count; ++each) {
    clients.push_back(server.connect());
    EXPECT_EQ(clients.back().ask("x\n"), "1 x\n");
  }
  return clients;
}

TEST_P(pooled_model_contract, the_pool_grows_and_shrinks) {
  auto limits = pool_of(2, 50);
  limits.pool_idle = milliseconds(200);
  running_model server(GetParam(), counting(), {.limits = limits});
  EXPECT_TRUE(eventually([&] { return server.members() == 2; }));
  auto clients = resting_clients(server, 8);
  EXPECT_GE(server.members(), 8u);
  for (auto& each : clients) EXPECT_EQ(each.ask("y\n"), "2 y\n");
  clients.clear();
  EXPECT_TRUE(eventually([&] { return server.members() == 2; })) << server.members();
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, the_pool_does_not_grow_beyond_its_maximum) {
  running_model server(GetParam(), echo(), {.limits = pool_of(1, 3)});
  std::vector<test_client> clients;
  for (int each = 0; each < 10; ++each) {
    clients.push_back(server.connect());
    EXPECT_TRUE(clients.back().send("x\n"));
  }
  for (auto& each : clients) {
    EXPECT_EQ(each.receive_line(), "x\n");
    EXPECT_LE(server.members(), 3u);
    each.close();
  }
  server.stop_and_expect_end();
}

service who_serves() {
  return {.name = "who", .handler = [](connection& client) -> task<> {
            const auto line = co_await client.read_line();
            if (!line) co_return;
            const auto answer = std::to_string(os::current_thread_id().process) + "\n";
            static_cast<void>(co_await client.write(answer));
          }};
}

TEST_P(pooled_model_contract, a_process_leaves_after_so_many_clients) {
  if (GetParam().where != model::process) GTEST_SKIP() << "threads are not recycled";
  auto limits = pool_of(2, 4);
  limits.recycle_after = 3;
  running_model server(GetParam(), who_serves(), {.limits = limits});
  std::map<std::string, int> served;
  for (int each = 0; each < 20; ++each) ++served[server.connect().ask("?\n")];
  for (const auto& [process, count] : served) EXPECT_LE(count, 3) << process;
  EXPECT_GE(served.size(), 7u);
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, a_killed_process_is_replaced_and_counted_out) {
  if (GetParam().where != model::process) GTEST_SKIP() << "a thread is not killed alone";
  running_model server(GetParam(), who_serves(), {.limits = pool_of(2, 2)});
  auto survivor = server.connect();
  auto victim = server.connect();
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 2; }));
  const auto both = server.children();
  ASSERT_EQ(both.size(), 2u);
  ::kill(both.front(), SIGKILL);
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 1; }));
  EXPECT_TRUE(server.logs("was killed by signal 9"));
  EXPECT_FALSE(server.connect().ask("?\n").empty());
  EXPECT_NE(survivor.ask("?\n").empty(), victim.ask("?\n").empty()) << "one of them was cut";
  survivor.close();
  victim.close();
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, silent_clients_do_not_hold_a_full_pool) {
  running_model server(GetParam(), counting(), {.limits = pool_of(4, 4)});
  auto silent = resting_clients(server, 4);
  const auto before = steady::now();
  auto fifth = server.connect();
  EXPECT_EQ(fifth.ask("x\n"), "1 x\n");
  // The promise is below a second; it takes some 20 ms. A busy machine adds to it. The rest that
  // holds the member would last for a minute.
  EXPECT_LT(steady::now() - before, std::chrono::seconds(10));
  EXPECT_TRUE(server.logs("clients wait"));
  if (GetParam().where == model::thread) {
    for (int lines = 2; lines < 5; ++lines) {
      for (auto& each : silent)
        EXPECT_EQ(each.ask("y\n"), std::to_string(lines) + " y\n") << "kept, not closed";
      EXPECT_EQ(fifth.ask("y\n"), std::to_string(lines) + " y\n");
    }
  } else {
    EXPECT_TRUE(silent.front().sees_end()) << "the one idle for the longest time is closed first";
  }
  silent.clear();
  fifth.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, clients_that_never_spoke_do_not_hold_a_full_pool) {
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
  const auto mute = server.connect();
  const auto mute_too = server.connect();
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 2; }));
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  server.stop(stop_level::immediate);
  server.expect_end();
}

TEST_P(pooled_model_contract, many_clients_share_a_small_pool_of_threads) {
  if (GetParam().where != model::thread) GTEST_SKIP() << "a process closes idle ones";
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
  auto clients = resting_clients(server, 40);
  // Every client is either in the idle queue or has a thread, and silent clients hold the threads.
  for (int lines = 2; lines < 8; lines += 2) {
    for (auto& each : clients) EXPECT_EQ(each.ask("y\n"), std::to_string(lines) + " y\n");
    for (auto& each : clients) EXPECT_TRUE(each.send("z\n"));
    for (auto& each : clients) EXPECT_EQ(each.receive_line(), std::to_string(lines + 1) + " z\n");
  }
  clients.clear();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

// When several idle clients spoke at once, the interrupts for all of them reached the one thread
// that stood first in the list. It took the first client and was idle with it. The other thread
// waited in accept for ever, and the rest of the clients waited for it.
TEST_P(pooled_model_contract, idle_clients_that_speak_at_once_get_every_idle_thread) {
  if (GetParam().where != model::thread) GTEST_SKIP() << "a process closes idle ones";
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
  auto clients = resting_clients(server, 12);
  for (int lines = 2; lines < 10; ++lines) {
    // This client needs a thread, so all clients that are idle in a thread give it up; then both
    // threads are free.
    EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
    EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 12; }));
    server.freeze();
    for (auto& each : clients) EXPECT_TRUE(each.send("y\n"));
    server.thaw();
    for (auto& each : clients) ASSERT_EQ(each.receive_line(), std::to_string(lines) + " y\n");
  }
  clients.clear();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

/// Its turns take longer than the main thread needs to hand over a client that has spoken.
task<next> count_slowly(connection& client, line_count& state) {
  const bool in_time = co_await io::sleep_until(client.loop(), deadline::after(milliseconds(20)));
  EXPECT_TRUE(in_time);
  const auto answer = co_await count_lines(client, state);
  co_return answer;
}

// A member looked into the backlog only when no idle client had spoken. With more busy clients
// than threads there was always one, and newcomers waited for ever.
TEST_P(pooled_model_contract, a_newcomer_is_served_though_the_idle_never_stop_to_speak) {
  if (GetParam().where != model::thread) GTEST_SKIP() << "a process cannot give its client away";
  running_model server(GetParam(), {.name = "slow", .handler = count_slowly},
                       {.limits = pool_of(2, 2)});
  std::atomic<bool> enough = false;
  std::atomic<int> busy = 0;
  std::vector<std::jthread> others;
  for (int each = 0; each < 6; ++each) {
    others.emplace_back([&] {
      auto client = server.connect();
      EXPECT_EQ(client.ask("x\n"), "1 x\n");
      ++busy;
      for (int lines = 2; !enough; ++lines)
        ASSERT_EQ(client.ask("x\n"), std::to_string(lines) + " x\n");
    });
  }
  EXPECT_TRUE(eventually([&] { return busy == 6; }));
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  enough = true;
  others.clear();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

// All processes of the pool were killed, and then it was told to stop before it could fork others:
// the clients in the backlog were reset.
TEST_P(pooled_model_contract, the_backlog_is_served_though_no_process_was_left_at_the_stop) {
  if (GetParam().where != model::process) GTEST_SKIP() << "a thread is not killed alone";
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 4)});
  EXPECT_TRUE(eventually([&] { return server.members() == 2; }));
  server.freeze();
  for (const auto child : server.children()) ::kill(child, SIGKILL);
  std::vector<test_client> waiting;
  for (int each = 0; each < 5; ++each) {
    waiting.push_back(server.connect());
    EXPECT_TRUE(waiting.back().send("x\n"));
  }
  server.stop(stop_level::graceful);
  server.thaw();
  for (auto& each : waiting) {
    EXPECT_EQ(each.receive_line(), "1 x\n");
    each.close();
  }
  server.expect_end();
}

// No command line checks the pool of a library's user.
TEST_P(pooled_model_contract, a_minimum_above_the_maximum_is_the_maximum) {
  running_model server(GetParam(), counting(), {.limits = pool_of(3, 0)});
  auto clients = resting_clients(server, 3);
  EXPECT_LE(server.members(), 3u);
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  clients.clear();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, idle_clients_are_served_to_the_end_of_a_graceful_stop) {
  if (GetParam().where != model::thread) GTEST_SKIP() << "a process closes idle ones";
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
  auto clients = resting_clients(server, 100);
  server.freeze();
  for (auto& each : clients) EXPECT_TRUE(each.send("y\n"));
  server.stop(stop_level::graceful);
  server.thaw();
  for (auto& each : clients) {
    EXPECT_EQ(each.receive_line(), "2 y\n");
    EXPECT_TRUE(each.sees_end());
    each.close();
  }
  server.expect_end();
}

TEST_P(pooled_model_contract, idle_clients_do_not_hold_up_a_stop) {
  for (const auto level : {stop_level::graceful, stop_level::immediate}) {
    running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
    auto clients = resting_clients(server, 12);
    server.stop(level);
    for (auto& each : clients) EXPECT_TRUE(each.is_cut_off());
    server.expect_end();
  }
}

TEST_P(pooled_model_contract, idle_clients_have_an_idle_time) {
  auto limits = pool_of(2, 2);
  limits.connection.idle = milliseconds(300);
  running_model server(GetParam(), counting(), {.limits = limits});
  // No client's idle time may pass before it has spoken, however slow this test is.
  server.freeze();
  std::vector<test_client> clients;
  for (int each = 0; each < 8; ++each) {
    clients.push_back(server.connect());
    EXPECT_TRUE(clients.back().send("x\n"));
  }
  server.thaw();
  for (auto& each : clients) EXPECT_EQ(each.receive_line(), "1 x\n");
  for (auto& each : clients) EXPECT_TRUE(each.sees_end());
  EXPECT_TRUE(server.serves_nobody());  // they never close; the goodbye has an end
  server.stop_and_expect_end();
}

// Clients that the server had closed and that did not close held their threads for a tenth of a
// second each; clients that were there before the pressure began held them for a whole second. Now
// more of them are read to their end at once than there are threads.
TEST_P(pooled_model_contract, half_closed_clients_do_not_hold_a_full_pool_of_threads) {
  if (GetParam().where != model::thread) GTEST_SKIP() << "a process cannot give a client away";
  running_model server(GetParam(), counting(), {.limits = pool_of(2, 2)});
  std::vector<test_client> closed;
  bool more_than_threads = false;
  for (const auto until = patience(); !more_than_threads && !until.passed(steady::now());) {
    closed.push_back(server.connect());
    EXPECT_EQ(closed.back().ask("bye\n"), "1 bye\n");
    EXPECT_TRUE(closed.back().sees_end());
    more_than_threads = server.counts().open.load() > 2;
  }
  EXPECT_TRUE(more_than_threads);
  EXPECT_TRUE(server.serves_nobody()) << "the goodbyes have an end";
  server.stop_and_expect_end();
}

TEST_P(pooled_model_contract, stopping_while_members_change_clients) {
  for (int round = 0; round < 20; ++round) {
    running_model server(GetParam(), counting(), {.limits = pool_of(3, 6)});
    std::vector<test_client> clients;
    for (int each = 0; each < 12; ++each) {
      clients.push_back(server.connect());
      EXPECT_TRUE(clients.back().send("bye\n"));
    }
    const auto answered = static_cast<std::size_t>(round % 6 + 1);
    for (std::size_t each = 0; each < clients.size(); ++each) {
      if (each == answered) server.stop(stop_level::graceful);
      EXPECT_EQ(clients[each].receive_line(), "1 bye\n");
      clients[each].close();
    }
    server.expect_end();
  }
}

}  // namespace
}  // namespace samjoko::serve

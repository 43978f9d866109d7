// What a handler may rely on, in every model: the two forms, states, idle waits, failures.

#include <samjoko/serve/testing/model_contract.hpp>
#include <stdexcept>

namespace samjoko::serve {
namespace {

TEST_P(model_contract, plain_handler_echoes) {
  running_model server(GetParam(), echo());
  auto client = server.connect();
  EXPECT_EQ(client.ask("hello\n"), "hello\n");
  EXPECT_EQ(client.ask("again\n"), "again\n");
  client.finish_sending();
  EXPECT_TRUE(client.sees_end());
  client.close();
  EXPECT_TRUE(server.serves_nobody());
  EXPECT_EQ(server.counts().accepted.load(), 1u);
  server.stop_and_expect_end();
}

TEST_P(model_contract, unix_clients_are_served) {
  const auto path =
      std::filesystem::temp_directory_path() / ("samjoko-" + std::to_string(::getpid()) + ".sock");
  running_model server(GetParam(), echo(), {.limits = {}, .listen = "unix:" + path.string()});
  auto client = server.connect();
  EXPECT_EQ(client.ask("hello\n"), "hello\n");
  client.close();
  server.stop_and_expect_end();
  std::filesystem::remove(path);
}

TEST_P(model_contract, state_survives_rests_and_is_per_client) {
  running_model server(GetParam(), counting());
  auto first = server.connect();
  auto second = server.connect();
  EXPECT_EQ(first.ask("a\n"), "1 a\n");
  EXPECT_EQ(first.ask("b\n"), "2 b\n");
  EXPECT_EQ(second.ask("c\n"), "1 c\n");
  EXPECT_EQ(first.ask("bye\n"), "3 bye\n");
  EXPECT_TRUE(first.sees_end());
  EXPECT_EQ(second.ask("d\n"), "2 d\n");
  first.close();
  second.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

/// Tells the test when it is made and destroyed.
struct noted_state {
  shared_notes* told = nullptr;
  noted_state() = default;
  noted_state(const noted_state&) = delete;
  noted_state& operator=(const noted_state&) = delete;
  ~noted_state() {
    if (told != nullptr) --told->states_alive;
  }
};

TEST_P(model_contract, state_is_destroyed_at_the_end) {
  auto& told = notes();
  const service noted{.name = "noted",
                      .handler = [&told](connection& client, noted_state& state) -> task<next> {
                        if (state.told == nullptr) {
                          state.told = &told;
                          ++told.states_made;
                          ++told.states_alive;
                        }
                        const auto line = co_await client.read_line();
                        if (!line) co_return next::close;
                        const auto written = co_await client.write("ok\n");
                        if (!written) co_return next::close;
                        co_return next::keep;
                      }};
  running_model server(GetParam(), noted);
  for (int round = 0; round < 3; ++round) {
    auto client = server.connect();
    EXPECT_EQ(client.ask("x\n"), "ok\n");
    EXPECT_EQ(client.ask("y\n"), "ok\n");
  }
  auto idle = server.connect();
  EXPECT_EQ(idle.ask("z\n"), "ok\n");
  server.stop(stop_level::graceful);
  EXPECT_TRUE(idle.sees_end());
  idle.close();
  server.expect_end();
  EXPECT_EQ(told.states_made.load(), 4);
  EXPECT_EQ(told.states_alive.load(), 0);
}

TEST_P(model_contract, unread_bytes_are_kept_over_a_rest) {
  running_model server(GetParam(), counting());
  auto client = server.connect();
  EXPECT_TRUE(client.send("one\ntwo\nthr"));
  EXPECT_EQ(client.receive_line(), "1 one\n");
  EXPECT_EQ(client.receive_line(), "2 two\n");
  EXPECT_EQ(client.ask("ee\n"), "3 three\n");
  client.close();
  server.stop_and_expect_end();
}

/// Rests without having read the bytes that woke it, until all of a message has come.
task<next> await_whole_message(connection& client) {
  if (client.unread().size() < 6) co_return next::keep;
  const auto written = co_await client.write("whole\n");
  co_return next::close;
}

TEST_P(model_contract, a_greeting_comes_before_the_first_byte) {
  struct greeted {
    bool already = false;
  };
  const service greeter{.name = "greeter",
                        .handler = [](connection& client, greeted& state) -> task<next> {
                          if (!std::exchange(state.already, true)) {
                            const auto written = co_await client.write("welcome\n");
                            if (!written) co_return next::close;
                            co_return next::keep;
                          }
                          const auto line = co_await client.read_line();
                          if (!line) co_return next::close;
                          const auto answer = "you said " + std::string(*line) + "\n";
                          const auto written = co_await client.write(answer);
                          if (!written) co_return next::close;
                          co_return next::keep;
                        },
                        .server_speaks_first = true};
  running_model server(GetParam(), greeter);
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "welcome\n");
  EXPECT_EQ(client.ask("hi\n"), "you said hi\n");
  EXPECT_EQ(client.ask("ho\n"), "you said ho\n");
  client.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_throwing_handler_costs_its_own_client_only) {
  const service thrower{.name = "thrower", .handler = [](connection& client) -> task<next> {
                          const auto line = co_await client.read_line();
                          if (!line) co_return next::close;
                          if (*line == "throw") throw std::runtime_error("asked to");
                          const auto written = co_await client.write("ok\n");
                          if (!written) co_return next::close;
                          co_return next::keep;
                        }};
  running_model server(GetParam(), thrower);
  auto other = server.connect();
  EXPECT_EQ(other.ask("x\n"), "ok\n");
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "ok\n");
  EXPECT_TRUE(client.send("throw\n"));
  EXPECT_TRUE(client.sees_end());
  client.close();
  EXPECT_EQ(other.ask("x\n"), "ok\n");
  EXPECT_EQ(server.connect().ask("x\n"), "ok\n");
  EXPECT_TRUE(server.logs("service thrower: a handler threw, its client is closed: asked to"));
  other.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_throwing_plain_handler_is_told_and_closed) {
  const service thrower{.name = "thrower", .handler = [](connection& client) -> task<> {
                          static_cast<void>(co_await client.read_line());
                          throw 7;
                        }};
  running_model server(GetParam(), thrower);
  auto client = server.connect();
  EXPECT_TRUE(client.send("x\n"));
  EXPECT_TRUE(client.sees_end());
  client.close();
  EXPECT_TRUE(server.logs("a handler threw, its client is closed"));
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_state_that_cannot_be_made_costs_its_own_client_only) {
  struct impossible {
    impossible() { throw std::runtime_error("no state"); }
  };
  const service broken{.name = "broken", .handler = [](connection&, impossible&) -> task<next> {
                         co_return next::close;
                       }};
  running_model server(GetParam(), broken);
  for (int round = 0; round < 3; ++round) EXPECT_TRUE(server.connect().is_cut_off());
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, clients_that_reset_are_forgotten) {
  running_model server(GetParam(), counting());
  for (int round = 0; round < 5; ++round) {
    auto client = server.connect();
    EXPECT_EQ(client.ask("x\n"), "1 x\n");
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.socket(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  EXPECT_TRUE(server.serves_nobody());
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_rest_without_reading_keeps_what_came) {
  const service patient{.name = "patient", .handler = await_whole_message};
  running_model server(GetParam(), patient);
  auto client = server.connect();
  EXPECT_TRUE(client.send("123"));
  EXPECT_TRUE(client.send("456"));
  EXPECT_EQ(client.receive_line(), "whole\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

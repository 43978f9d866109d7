// Everything that a handler may wait for, in every model: slow readers, several things at once,
// timers, other servers.

#include <samjoko/net/connect.hpp>
#include <samjoko/serve/testing/model_contract.hpp>
#include <samjoko/task/channel.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::serve {
namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>('a' + at * 7 % 26);
  return text;
}

constexpr std::size_t large = 8u << 20;

task<> write_much(connection& client) {
  const auto all = pattern(large);
  const auto line = co_await client.read_line();
  if (!line) co_return;
  static_cast<void>(co_await client.write(all));
}

TEST_P(model_contract, a_large_write_reaches_a_slow_reader) {
  running_model server(GetParam(), {.name = "much", .handler = write_much});
  test_client slow(server.address(), {.from = {}, .receive_buffer = 8192});
  EXPECT_TRUE(slow.send("go\n"));
  auto other = server.connect();  // the slow one does not delay it
  EXPECT_TRUE(other.send("go\n"));
  EXPECT_EQ(other.receive(large), pattern(large));
  std::string got;
  while (got.size() < large) {
    const auto some = slow.receive(std::min<std::size_t>(50'000, large - got.size()));
    if (some.empty()) break;
    got += some;
  }
  EXPECT_TRUE(got == pattern(large));
  EXPECT_TRUE(slow.sees_end());
  slow.close();
  other.close();
  server.stop_and_expect_end();
}

/// Two tasks, one for each direction.
task<> relay_to(connection& client, os::address where) {
  auto socket = co_await connect(client, where, milliseconds(5000));
  if (!socket) {
    const auto failed = "cannot: " + socket.error().sentence() + "\n";
    static_cast<void>(co_await client.write(failed));
    co_return;
  }
  connection server(client, std::move(*socket));
  scope directions(client.context());
  directions.spawn(pass_on(client, server));
  directions.spawn(pass_on(server, client));
  static_cast<void>(co_await directions.join());
}

service relaying(const os::address& where) {
  return {.name = "relay",
          .handler = [where](connection& client) { return relay_to(client, where); }};
}

class upstream_server {
 public:
  upstream_server() : listener_(os::listen_on(*os::address::parse("127.0.0.1:0")).value()) {
    EXPECT_TRUE(os::set_blocking(listener_.get(), true));
  }
  [[nodiscard]] os::address address() const { return *os::local_address(listener_.get()); }
  [[nodiscard]] os::descriptor accept() const {
    EXPECT_TRUE(os::wait_readable(listener_.get(), patience()));
    return os::descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void close() { listener_.reset(); }

 private:
  os::descriptor listener_;
};

std::string read_all(int socket) {
  std::string got;
  char some[512];
  while (os::wait_readable(socket, patience())) {
    const auto count = ::recv(socket, some, sizeof some, 0);
    if (count <= 0) break;
    got.append(some, static_cast<std::size_t>(count));
  }
  return got;
}

TEST_P(model_contract, a_relay_keeps_a_half_close) {
  const upstream_server upstream;
  running_model server(GetParam(), relaying(upstream.address()));
  auto client = server.connect();
  EXPECT_TRUE(client.send("question"));
  client.finish_sending();
  const auto socket = upstream.accept();
  EXPECT_EQ(read_all(socket.get()), "question");  // and its end
  EXPECT_EQ(::send(socket.get(), "answer\n", 7, MSG_NOSIGNAL), 7);
  EXPECT_EQ(client.receive_line(), "answer\n");
  EXPECT_EQ(::send(socket.get(), "more\n", 5, MSG_NOSIGNAL), 5);
  EXPECT_EQ(client.receive_line(), "more\n");
  ::shutdown(socket.get(), SHUT_WR);
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, both_directions_of_a_relay_flow_at_once) {
  running_model origin(multiplexed, echo());
  running_model server(GetParam(), relaying(origin.address()));
  auto client = server.connect();
  const auto text = pattern(1u << 20);
  std::string got;
  for (std::size_t at = 0; at < text.size(); at += 65'536) {
    ASSERT_TRUE(client.send(std::string_view(text).substr(at, 65'536)));
    if (at >= 262'144) got += client.receive(65'536);
  }
  got += client.receive(text.size() - got.size());
  EXPECT_TRUE(got == text);
  client.finish_sending();
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
  origin.stop_and_expect_end();
}

TEST_P(model_contract, connecting_fails_as_a_result) {
  upstream_server nobody;
  const auto address = nobody.address();
  nobody.close();
  running_model server(GetParam(), relaying(address));
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "cannot: connect " + address.text() + ": Connection refused\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

task<> read_into(connection& client, channel<std::string>& lines) {
  for (;;) {
    const auto line = co_await client.read_line();
    if (!line) break;
    std::string text(*line);
    const auto sent = co_await lines.send(std::move(text));
    if (!sent) break;
  }
  lines.close();
}
task<> tick_into(connection& client, channel<std::string>& lines) {
  auto& loop = client.loop();
  for (int tick = 1; tick <= 3; ++tick) {
    const bool slept = co_await io::sleep_until(loop, deadline::after(milliseconds(10)));
    if (!slept) co_return;
    const auto sent = co_await lines.send("tick " + std::to_string(tick));
    if (!sent) co_return;
  }
}

/// Reads, ticks and writes at the same time, each in its own task.
task<> several_waits(connection& client) {
  channel<std::string> lines(2);
  scope tasks(client.context());
  tasks.spawn(read_into(client, lines));
  tasks.spawn(tick_into(client, lines));
  for (;;) {
    auto line = co_await lines.receive();
    if (!line) break;
    *line += "\n";
    const auto written = co_await client.write(*line);
    if (!written) break;
  }
  tasks.cancel();
  static_cast<void>(co_await tasks.join());
}

TEST_P(model_contract, several_waits_at_once_within_one_client) {
  running_model server(GetParam(), {.name = "several", .handler = several_waits});
  auto client = server.connect();
  // The ticks come while the reader waits for a silent client.
  EXPECT_EQ(client.receive_line(), "tick 1\n");
  EXPECT_EQ(client.receive_line(), "tick 2\n");
  EXPECT_EQ(client.receive_line(), "tick 3\n");
  EXPECT_EQ(client.ask("heard\n"), "heard\n");
  client.finish_sending();
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

task<next> sleep_then_answer(connection& client) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  const auto before = steady::now();
  static_cast<void>(co_await io::sleep_until(client.loop(), deadline(before + milliseconds(60))));
  const bool early = steady::now() < before + milliseconds(60);
  std::string_view answer = "ok\n";
  if (early) answer = "early\n";
  static_cast<void>(co_await client.write(answer));
  co_return next::keep;
}

TEST_P(model_contract, timers_are_never_early) {
  running_model server(GetParam(), {.name = "sleep", .handler = sleep_then_answer});
  auto client = server.connect();
  for (int round = 0; round < 4; ++round) EXPECT_EQ(client.ask("x\n"), "ok\n");
  client.close();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

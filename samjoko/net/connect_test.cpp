#include <samjoko/net/connect.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/os/socket.hpp>
#include <string>

namespace samjoko {
namespace {

const connection_limits limits;
const stop_flag no_stop;

template <class Loop>
class connects : public ::testing::Test {
 protected:
  io::loop& on() { return bed.on(); }
  io::real_bed<Loop> bed;
  std::pair<int, int> ends = bed.sockets();
  os::descriptor other{ends.second};
  connection client{bed.on(), os::descriptor(ends.first), limits, no_stop};
};
using real_loops = ::testing::Types<io::blocking_loop, io::epoll_loop>;
TYPED_TEST_SUITE(connects, real_loops);

os::address bound(const result<os::descriptor>& listener) {
  return *os::local_address(listener->get());
}

task<> connect_and_drop(connection& from, const os::address& to, int rounds) {
  for (; rounds > 0; --rounds) {
    auto socket = co_await connect(from, to, milliseconds(5000));
    EXPECT_TRUE(socket) << socket.error().sentence();
  }
}
task<> connect_in_vain(connection& from, const os::address& to, int code, int limit_ms) {
  const auto begin = from.loop().now();
  auto socket = co_await connect(from, to, milliseconds(limit_ms));
  EXPECT_TRUE(!socket && socket.error().is(code) && socket.error().on() == to.text())
      << (socket ? "connected" : socket.error().sentence());
  EXPECT_TRUE(code != ETIMEDOUT || from.loop().now() - begin >= milliseconds(limit_ms));
}
// The number of a connection that was dropped is used by the next one: the loop must have forgotten
// it.
TYPED_TEST(connects, to_a_listener_again_and_again_and_is_refused_without_one) {
  auto listener = os::listen_on(*os::address::parse("127.0.0.1:0"));
  const auto where = bound(listener);
  io::main_task(this->on(), connect_and_drop(this->client, where, 5)).finish();
  listener->reset();
  io::main_task(this->on(), connect_in_vain(this->client, where, ECONNREFUSED, 5000)).finish();
}

// The listener's first SYNs are dropped: as if the other machine were gone. A blocking loop asked
// SO_ERROR at the limit, which is 0 while a connect is under way, and called it connected.
TYPED_TEST(connects, to_one_who_never_answers_until_the_limit) {
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0"));
  os::hold_new_handshakes(listener->get());
  const auto where = bound(listener);
  io::main_task(this->on(), connect_in_vain(this->client, where, ETIMEDOUT, 80)).finish();
}

task<> connect_and_look(connection& from, const os::address& to) {
  auto socket = co_await connect(from, to, milliseconds(5000));
  EXPECT_TRUE(socket) << socket.error().sentence();
  if (!socket) co_return;
  EXPECT_EQ(os::is_blocking(socket->get()), from.loop().blocks());
  connection upstream(from, std::move(*socket));
  const auto peer = upstream.peer();
  const auto local = upstream.local();
  EXPECT_TRUE(peer && peer->text() == to.text());
  EXPECT_TRUE(local && local->host_key() == to.host_key() && local->port() != to.port());
  const auto end = co_await upstream.read();
  EXPECT_TRUE(!end && end.error().is(ETIMEDOUT));
}
TYPED_TEST(connects, both_ends_have_addresses_and_limits) {
  connection_limits impatient;
  impatient.idle = milliseconds(40);
  auto both = this->bed.sockets();
  const os::descriptor there(both.second);
  connection from(this->on(), os::descriptor(both.first), impatient, no_stop);
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0"));
  const auto where = bound(listener);
  io::main_task(this->on(), connect_and_look(from, where)).finish();
}

// A non-blocking connect to a full unix backlog answers EAGAIN at once; it once failed with it.
TYPED_TEST(connects, to_a_full_unix_backlog_until_the_limit) {
  const auto [listener, where] = this->bed.listener(0);
  for (const int each : this->bed.fill_backlog(listener, where)) ::close(each);
  io::main_task(this->on(), connect_in_vain(this->client, where, ETIMEDOUT, 60)).finish();
  ::close(listener);
  io::main_task(this->on(), connect_in_vain(this->client, where, ECONNREFUSED, 60)).finish();
}

}  // namespace
}  // namespace samjoko

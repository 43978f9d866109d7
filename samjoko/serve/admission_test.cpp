#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/test_client.hpp>

namespace samjoko::serve {
namespace {

TEST(admission, counts_in_and_out_up_to_the_limit) {
  serve_limits limits;
  limits.max_connections = 2;
  counters counts;
  admission door(limits, counts);
  peer_key first, second, third;
  EXPECT_TRUE(door.admit(-1, first));
  EXPECT_TRUE(door.admit(-1, second));
  EXPECT_FALSE(door.admit(-1, third));
  EXPECT_EQ(counts.open.load(), 2);
  EXPECT_EQ(counts.refused.load(), 1u);
  door.leave(first);
  EXPECT_TRUE(door.admit(-1, third));
  EXPECT_EQ(counts.accepted.load(), 3u);
}

TEST(admission, counts_each_peer_by_itself) {
  serve_limits limits;
  limits.max_connections_per_peer = 1;
  counters counts;
  admission door(limits, counts);
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0")).value();
  ASSERT_TRUE(os::set_blocking(listener.get(), true));
  const auto to = os::local_address(listener.get()).value();
  const auto accepted = [&](const char* from) {
    const test_client client(to, {.from = from, .receive_buffer = 0});
    return os::descriptor(accept_now(listener.get(), true));
  };
  const auto here = accepted("127.0.0.1:0");
  const auto here_too = accepted("127.0.0.1:0");
  const auto there = accepted("127.0.0.2:0");
  peer_key key, same, other;
  EXPECT_TRUE(door.admit(here.get(), key));
  EXPECT_FALSE(door.admit(here_too.get(), same));
  EXPECT_TRUE(same.empty()) << "who was refused is counted for nobody";
  EXPECT_TRUE(door.admit(there.get(), other));
  door.leave(key);
  EXPECT_TRUE(door.admit(here_too.get(), same));
}

TEST(admission, peers_without_address_are_not_counted) {
  serve_limits limits;
  limits.max_connections_per_peer = 1;
  counters counts;
  admission door(limits, counts);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const os::descriptor one(ends[0]);
  const os::descriptor two(ends[1]);
  peer_key first, second;
  EXPECT_TRUE(door.admit(one.get(), first));
  EXPECT_TRUE(door.admit(two.get(), second));
}

TEST(pause_after, pauses_for_shortages_and_not_for_clients_that_left) {
  counters counts;
  for (const int code : {ECONNABORTED, EINTR, EPROTO, ENETUNREACH})
    EXPECT_EQ(pause_after("accept", code, counts), milliseconds(0)) << code;
  EXPECT_EQ(counts.accept_pauses.load(), 0u);
  for (const int code : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN})
    EXPECT_EQ(pause_after("accept", code, counts), milliseconds(100)) << code;
  EXPECT_EQ(counts.accept_pauses.load(), 5u);
}

TEST(accept_now, says_when_nobody_waits) {
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0")).value();
  EXPECT_EQ(accept_now(listener.get(), false), -EAGAIN);
  const test_client client(os::local_address(listener.get()).value());
  const os::descriptor socket(accept_now(listener.get(), false));
  ASSERT_TRUE(socket);
  EXPECT_FALSE(os::is_blocking(socket.get()));
}

}  // namespace
}  // namespace samjoko::serve

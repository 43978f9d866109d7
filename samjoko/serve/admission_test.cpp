#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <samjoko/os/socket.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/testing/test_account.hpp>
#include <samjoko/serve/testing/test_client.hpp>

namespace samjoko::serve {
namespace {

/// The admission of a worker that is the only one.
struct lone_worker {
  lone_worker(std::uint32_t in_all, std::uint32_t of_peer)
      : account(account_of(in_all, of_peer, 1)) {}

  service offered;
  serve_limits limits;
  connection_limiter account;
  scoreboard::counters counts;
  orders from_master;
  workload work{.offered = offered,
                .listeners = {},
                .limits = limits,
                .from_master = from_master,
                .counts = counts,
                .account = &account};
  admission door{work};
};

TEST(admission, counts_in_and_out_up_to_the_limit) {
  lone_worker here(2, 0);
  seats first, second, third;
  EXPECT_TRUE(here.door.admit(-1, first));
  EXPECT_TRUE(here.door.admit(-1, second));
  EXPECT_FALSE(here.door.admit(-1, third));
  EXPECT_EQ(here.counts.open.load(), 2);
  EXPECT_EQ(here.counts.refused.load(), 1u);
  EXPECT_EQ(here.account.refused(), 1u);
  here.door.leave(first);
  EXPECT_EQ(here.counts.open.load(), 1);
  EXPECT_TRUE(here.door.admit(-1, third));
  EXPECT_EQ(here.counts.accepted.load(), 3u);
}

TEST(admission, without_a_limit_nobody_needs_a_seat) {
  lone_worker here(0, 0);
  seats taken;
  for (int each = 0; each < 3; ++each) EXPECT_TRUE(here.door.admit(-1, taken));
  EXPECT_EQ(here.counts.open.load(), 3);
  for (int each = 0; each < 3; ++each) here.door.leave(taken);
  EXPECT_EQ(here.counts.open.load(), 0);
}

TEST(admission, counts_each_peer_by_itself) {
  lone_worker here(0, 1);
  const auto listener = os::listen_on(*os::address::parse("127.0.0.1:0")).value();
  ASSERT_TRUE(os::set_blocking(listener.get(), true));
  const auto to = os::local_address(listener.get()).value();
  const auto accepted = [&](const char* from) {
    const test_client client(to, {.from = from, .receive_buffer = 0});
    return os::descriptor(accept_now(listener.get(), true));
  };
  const auto one = accepted("127.0.0.1:0");
  const auto another = accepted("127.0.0.1:0");
  const auto elsewhere = accepted("127.0.0.2:0");
  seats held, same, other;
  EXPECT_TRUE(here.door.admit(one.get(), held));
  EXPECT_FALSE(here.door.admit(another.get(), same));
  EXPECT_EQ(same.of_peer, 0u) << "who was refused is counted for nobody";
  EXPECT_TRUE(here.door.admit(elsewhere.get(), other));
  here.door.leave(held);
  EXPECT_TRUE(here.door.admit(another.get(), same));
}

TEST(admission, peers_without_address_are_not_counted) {
  lone_worker here(0, 1);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const os::descriptor one(ends[0]);
  const os::descriptor two(ends[1]);
  seats first, second;
  EXPECT_TRUE(here.door.admit(one.get(), first));
  EXPECT_TRUE(here.door.admit(two.get(), second));
}

TEST(admission, a_dead_process_of_a_pool_is_counted_out_by_its_worker) {
  lone_worker here(1, 0);
  seats held;
  EXPECT_TRUE(admission(here.work, 7).admit(-1, held));
  seats refused;
  EXPECT_FALSE(here.door.admit(-1, refused));
  admission(here.work, 7).give_back(held, true);
  EXPECT_EQ(here.counts.open.load(), 0);
  EXPECT_TRUE(here.door.admit(-1, held));
}

TEST(pause_after, pauses_for_shortages_and_not_for_clients_that_left) {
  scoreboard::counters counts;
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

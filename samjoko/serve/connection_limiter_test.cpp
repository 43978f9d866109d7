#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <samjoko/os/process.hpp>
#include <samjoko/serve/testing/test_account.hpp>
#include <set>
#include <vector>

namespace samjoko::serve {
namespace {

TEST(connection_limiter, without_limits_lets_everybody_in_and_has_no_memory) {
  const connection_limiter none = account_of(0, 0);
  const auto who = none.holder(1);
  for (int each = 0; each < 100; ++each) {
    seats taken;
    EXPECT_TRUE(comes(none, who, taken));
    EXPECT_EQ(taken.in_all, 0U);
    none.leave(who, taken);
  }
  none.give_back(1);
  none.count_refusal();
  EXPECT_EQ(none.refused(), 0U);
}

// A member that an attacker controls can write such numbers where its parent reads them.
TEST(connection_limiter, seats_that_there_are_not_are_left_without_harm) {
  for (const auto& account :
       {account_of(0, 0), account_of(3, 0), account_of(0, 2), account_of(3, 2)}) {
    const auto who = account.holder(1);
    seats taken;
    EXPECT_TRUE(comes(account, who, taken));
    const auto open = account.open();
    for (const std::uint32_t wrong : {131'073U, 400'000U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
      account.leave(who, {.in_all = wrong, .of_peer = 0});
      account.leave(who, {.in_all = 0, .of_peer = wrong});
      account.leave(who, {.in_all = wrong, .of_peer = wrong});
    }
    EXPECT_EQ(account.open(), open);
  }
}

TEST(connection_limiter, lets_in_as_many_as_the_limit_says_over_all_workers) {
  const auto account = account_of(3, 0);
  const auto one = account.holder(1);
  const auto two = account.holder(2);
  seats first;
  EXPECT_TRUE(comes(account, one, first));
  EXPECT_TRUE(comes(account, one));
  EXPECT_TRUE(comes(account, two));
  for (const auto who : {one, two, one}) {
    seats taken;
    EXPECT_EQ(account.enter(who, 0, 0, taken), entry::all_taken);
    EXPECT_EQ(taken.in_all, 0U) << "who was refused holds nothing";
  }
  EXPECT_EQ(account.open(), 3U);
  account.leave(one, first);
  EXPECT_EQ(account.open(), 2U);
  EXPECT_TRUE(comes(account, two));
  EXPECT_FALSE(comes(account, one));
}

// More seats than a first look covers: the free seat is found wherever it is, and all seats are
// looked through before a client is refused.
TEST(connection_limiter, finds_the_last_free_seat) {
  constexpr std::uint32_t many = 1000;
  const auto account = account_of(many, 0);
  const auto who = account.holder(1);
  std::vector<seats> all(many);
  for (auto& each : all) EXPECT_TRUE(comes(account, who, each));
  std::set<std::uint32_t> different;
  for (const auto& each : all) different.insert(each.in_all);
  EXPECT_EQ(different.size(), many);
  for (const std::uint32_t number : {0U, 1U, 500U, 998U, 999U}) {
    EXPECT_FALSE(comes(account, who));
    account.leave(who, all[number]);
    EXPECT_TRUE(comes(account, who, all[number]));
  }
  EXPECT_FALSE(comes(account, who));
}

TEST(connection_limiter, counts_each_peer_by_itself_over_all_workers) {
  const auto account = account_of(0, 2);
  const auto one = account.holder(1);
  const auto two = account.holder(2);
  seats first;
  EXPECT_TRUE(comes(account, one, first));
  EXPECT_TRUE(comes(account, two));
  seats refused;
  EXPECT_EQ(account.enter(one, somebody, 0, refused), entry::all_of_peer_taken);
  EXPECT_EQ(refused.in_all + refused.of_peer, 0U);
  EXPECT_EQ(account.open(), 2U) << "who was refused for his peer holds no seat in all either";
  EXPECT_TRUE(comes(account, one, somebody_else));
  EXPECT_EQ(account.open_of(somebody), 2U);
  EXPECT_EQ(account.open_of(somebody_else), 1U);
  account.leave(one, first);
  EXPECT_TRUE(comes(account, two));
  EXPECT_FALSE(comes(account, two));
}

TEST(connection_limiter, a_client_refused_in_all_is_not_counted_for_its_peer) {
  const auto account = account_of(1, 5);
  const auto who = account.holder(1);
  EXPECT_TRUE(comes(account, who, somebody_else));
  seats refused;
  EXPECT_EQ(account.enter(who, somebody, 0, refused), entry::all_taken);
  EXPECT_EQ(refused.of_peer, 0U);
  EXPECT_EQ(account.open_of(somebody), 0U);
}

TEST(connection_limiter, a_peer_without_address_is_counted_in_all_only) {
  const auto account = account_of(3, 1);
  const auto who = account.holder(1);
  for (int each = 0; each < 3; ++each) EXPECT_TRUE(comes(account, who, 0));
  EXPECT_FALSE(comes(account, who, 0));
}

// Peers come and go with any addresses and in any order. The table of peers is twice as large as
// what it holds, and its entries are used again and again.
TEST(connection_limiter, keeps_many_peers_apart_for_long) {
  constexpr std::uint32_t room = 200;
  const auto account = account_of(room, 4);
  const auto who = account.holder(1);
  struct held {
    std::uint64_t peer;
    seats of;
  };
  std::vector<held> open;
  std::uint64_t state = 1;
  const auto random = [&state] { return (state = state * 6364136223846793005U + 1) >> 33; };
  std::array<std::uint32_t, 100> counts{};
  for (int step = 0; step < 20'000; ++step) {
    if (open.size() == room || (!open.empty() && random() % 2 == 0)) {
      std::swap(open[random() % open.size()], open.back());
      account.leave(who, open.back().of);
      --counts.at(open.back().peer);
      open.pop_back();
      continue;
    }
    held fresh{.peer = 1 + random() % (counts.size() - 1), .of = {}};
    const bool may = counts.at(fresh.peer) < 4;
    ASSERT_EQ(comes(account, who, fresh.of, fresh.peer), may) << "step " << step;
    if (may) ++counts.at(fresh.peer);
    if (may) open.push_back(fresh);
  }
  for (std::uint64_t peer = 1; peer < counts.size(); ++peer)
    EXPECT_EQ(account.open_of(peer), counts.at(peer));
}

TEST(connection_limiter, all_that_a_dead_worker_held_is_free) {
  const auto account = account_of(4, 2);
  const auto dead = account.holder(1);
  const auto living = account.holder(2);
  seats of_the_dead;
  EXPECT_TRUE(comes(account, dead, of_the_dead));
  EXPECT_TRUE(comes(account, dead, somebody_else));
  EXPECT_TRUE(comes(account, living));
  EXPECT_TRUE(comes(account, living, somebody_else));
  EXPECT_FALSE(comes(account, living, 79)) << "all are taken";
  account.give_back(1);
  EXPECT_EQ(account.open(), 2U);
  EXPECT_EQ(account.open_of(somebody), 1U);
  const auto successor = account.holder(1);
  EXPECT_NE(successor, dead);
  EXPECT_TRUE(comes(account, successor));
  EXPECT_TRUE(comes(account, successor, somebody_else));
  EXPECT_FALSE(comes(account, successor, 79));
  // An orphan of a dead worker leaves a seat that another client holds by now.
  account.leave(dead, of_the_dead);
  EXPECT_EQ(account.open(), 4U);
  EXPECT_EQ(account.open_of(somebody), 2U);
}

TEST(connection_limiter, what_an_orphan_of_a_dead_worker_takes_does_not_count) {
  const auto account = account_of(1, 0);
  const auto dead = account.holder(1);
  account.give_back(1);
  EXPECT_TRUE(comes(account, dead)) << "it serves out its backlog";
  EXPECT_EQ(account.open(), 0U);
  EXPECT_TRUE(comes(account, account.holder(1)));
}

TEST(connection_limiter, a_dead_process_of_a_pool_is_given_back_by_its_tag_alone) {
  const auto account = account_of(2, 2);
  const auto member = account.holder(1, 1);
  const auto sibling = account.holder(1, 2);
  seats of_member, of_sibling;
  EXPECT_TRUE(comes(account, member, of_member));
  EXPECT_TRUE(comes(account, sibling, of_sibling));
  account.leave(member, of_sibling);  // the member had only reached for that seat when it died
  EXPECT_EQ(account.open(), 2U);
  account.leave(member, of_member);
  account.leave(member, of_member);
  EXPECT_EQ(account.open(), 1U);
  EXPECT_EQ(account.open_of(somebody), 1U);
}

TEST(connection_limiter, refusals_are_counted_once_for_all) {
  const auto account = account_of(1, 0);
  account.count_refusal();
  const auto made = os::fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    account.count_refusal();
    os::leave_process(0);
  }
  ASSERT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
  EXPECT_EQ(account.refused(), 2U);
}

TEST(connection_limiter, a_limit_per_peer_alone_has_room_for_many) {
  const auto account = account_of(0, 1);
  EXPECT_EQ(account.most_in_all(), connection_limiter::most_without_limit);
  const auto who = account.holder(1);
  seats last;
  for (std::uint64_t peer = 1; peer <= 50'000; ++peer)
    ASSERT_EQ(account.enter(who, peer, last.in_all, last), entry::admitted);
  EXPECT_EQ(account.open(), 50'000U);
}

TEST(connection_limiter, knows_a_peer_by_its_ipv4_address_or_its_ipv6_network) {
  const auto peer = [](const char* text) {
    return connection_limiter::peer_of(os::address::parse(text).value());
  };
  EXPECT_EQ(peer("127.0.0.1:1"), peer("127.0.0.1:2"));
  EXPECT_NE(peer("127.0.0.1:1"), peer("127.0.0.2:1"));
  EXPECT_EQ(peer("127.0.0.1:1"), peer("[::ffff:127.0.0.1]:2"));
  EXPECT_EQ(peer("[2001:db8:0:1::1]:1"), peer("[2001:db8:0:1:ffff:ffff:ffff:ffff]:2"));
  EXPECT_NE(peer("[2001:db8:0:1::1]:1"), peer("[2001:db8:0:2::1]:1"));
  EXPECT_NE(peer("[::1]:1"), 0U);
  EXPECT_NE(peer("[::1]:1"), peer("0.0.0.1:1"));
  EXPECT_EQ(peer("unix:/run/x"), 0U);
}

// A worker that an attacker controls may write any tag. A tag of a worker that does not exist was
// looked up behind the end of the generations.
TEST(connection_limiter, a_forged_tag_of_a_worker_that_is_not_holds_nothing) {
  const auto account = account_of(2, 0);
  for (const std::uint64_t worker : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{4095}}) {
    EXPECT_TRUE(comes(account, worker << 24));
    EXPECT_TRUE(comes(account, worker << 24));
    EXPECT_EQ(account.open(), 0U) << worker;
  }
  EXPECT_TRUE(comes(account, account.holder(1)));
  EXPECT_EQ(account.open(), 1U);
}

}  // namespace
}  // namespace samjoko::serve

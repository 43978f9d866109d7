// The account of connections under several processes at once, and with holders killed at any point.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <samjoko/os/process.hpp>
#include <samjoko/serve/testing/test_account.hpp>
#include <thread>
#include <vector>

namespace samjoko::serve {
namespace {

/// Runs `work(number)` in processes of their own and expects each to leave with 0.
void in_processes(std::size_t count, const std::function<bool(std::size_t)>& work) {
  std::vector<pid_t> children;
  for (std::size_t number = 1; number <= count; ++number) {
    const auto made = os::fork_process();
    ASSERT_TRUE(made);
    if (made->in_child()) os::leave_process(work(number) ? 0 : 1);
    children.push_back(made->pid);
  }
  for (const auto child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

struct crowd {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> ready = 0;

  void enters() {
    const int now = inside.fetch_add(1) + 1;
    for (int seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
    }
  }
  void leaves() { inside.fetch_sub(1); }
  /// Makes all processes begin at once.
  void await(int others) {
    ready.fetch_add(1);
    while (ready.load() < others) std::this_thread::yield();
  }
};

TEST(connection_limiter, several_processes_at_once_never_exceed_the_limit) {
  const auto account = account_of(3, 0, 8);
  const auto shared = os::shared_cells<crowd>::make(1).value();
  auto& all = shared.cells().front();
  in_processes(6, [&](std::size_t number) {
    const auto who = account.holder(number);
    all.await(6);
    for (int each = 0; each < 20'000; ++each) {
      seats taken;
      if (!comes(account, who, taken)) {
        ++all.refused;
        continue;
      }
      all.enters();
      all.leaves();
      account.leave(who, taken);
    }
    return true;
  });
  EXPECT_LE(all.most.load(), 3);
  EXPECT_EQ(account.open(), 0U);
  seats taken;
  for (int each = 0; each < 3; ++each) EXPECT_TRUE(comes(account, account.holder(1)));
  EXPECT_FALSE(comes(account, account.holder(1), taken)) << "the limit is as it was";
}

// There are as many seats as processes: a process that holds one seat at a time is never refused.
TEST(connection_limiter, nobody_is_refused_while_a_seat_is_free) {
  const auto account = account_of(5, 0, 8);
  const auto shared = os::shared_cells<crowd>::make(1).value();
  auto& all = shared.cells().front();
  in_processes(5, [&](std::size_t number) {
    const auto who = account.holder(number);
    all.await(5);
    for (int each = 0; each < 30'000; ++each) {
      seats taken;
      if (!comes(account, who, taken)) return false;
      account.leave(who, taken);
    }
    return true;
  });
  EXPECT_EQ(account.open(), 0U);
}

TEST(connection_limiter, several_processes_at_once_never_exceed_the_limit_of_a_peer) {
  const auto account = account_of(100, 3, 8);
  const auto shared = os::shared_cells<crowd>::make(2).value();
  in_processes(6, [&](std::size_t number) {
    const auto who = account.holder(number);
    shared.cells()[0].await(6);
    for (int each = 0; each < 10'000; ++each) {
      const auto which = static_cast<std::size_t>(each) % 2;
      auto& of_peer = shared.cells()[which];
      seats taken;
      if (!comes(account, who, taken, which == 0 ? somebody : somebody_else)) continue;
      of_peer.enters();
      of_peer.leaves();
      account.leave(who, taken);
    }
    return true;
  });
  for (const auto& each : shared.cells()) {
    EXPECT_LE(each.most.load(), 3);
    EXPECT_GT(each.most.load(), 0);
  }
  EXPECT_EQ(account.open_of(somebody) + account.open_of(somebody_else), 0U);
  for (int each = 0; each < 3; ++each) EXPECT_TRUE(comes(account, account.holder(1)));
  EXPECT_FALSE(comes(account, account.holder(1)));
}

TEST(connection_limiter, threads_of_one_worker_share_a_tag) {
  const auto account = account_of(2, 2);
  const auto who = account.holder(1);
  crowd all;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&] {
        for (int each = 0; each < 5'000; ++each) {
          seats taken;
          if (!comes(account, who, taken)) continue;
          all.enters();
          all.leaves();
          account.leave(who, taken);
        }
      });
    }
  }
  EXPECT_LE(all.most.load(), 2);
  EXPECT_EQ(account.open(), 0U);
}

// The worker is killed at any instant, in any operation, and nothing of it stays. The other worker
// goes on meanwhile, and the limits hold for it.
TEST(connection_limiter, killed_anywhere_a_worker_leaves_nothing_behind) {
  const auto account = account_of(6, 4);
  const auto shared = os::shared_cells<crowd>::make(1).value();
  auto& all = shared.cells().front();
  for (int round = 1; round <= 100; ++round) {
    const auto made = os::fork_process();
    ASSERT_TRUE(made);
    if (made->in_child()) {
      const auto who = account.holder(1);
      for (std::uint64_t each = 0;; ++each) {
        seats taken[3];
        for (auto& one : taken) (void)comes(account, who, one, 1 + each % 3);
        all.ready.store(round);
        for (const auto& one : taken) account.leave(who, one);
      }
    }
    while (all.ready.load() != round) std::this_thread::yield();
    const auto who = account.holder(2);
    for (int each = 0; each < 50 * (round % 7); ++each) {
      seats taken;
      if (comes(account, who, taken)) account.leave(who, taken);
    }
    ::kill(made->pid, SIGKILL);
    ASSERT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
    account.give_back(1);
    ASSERT_EQ(account.open(), 0U) << "round " << round;
    for (std::uint64_t peer = 1; peer <= 3; ++peer) ASSERT_EQ(account.open_of(peer), 0U);
  }
  const auto who = account.holder(1);
  for (int each = 0; each < 4; ++each) EXPECT_TRUE(comes(account, who));
  EXPECT_FALSE(comes(account, who));
  for (int each = 0; each < 2; ++each) EXPECT_TRUE(comes(account, who, somebody_else));
  EXPECT_FALSE(comes(account, who, somebody_else));
}

// The same for a process of a pool: its worker knows only what the process wrote into `seats`.
TEST(connection_limiter, killed_anywhere_a_process_of_a_pool_leaves_nothing_behind) {
  const auto account = account_of(4, 3);
  const auto written = os::shared_cells<seats>::make(1).value();
  const auto shared = os::shared_cells<crowd>::make(1).value();
  auto& all = shared.cells().front();
  const auto sibling = account.holder(1, 2);
  EXPECT_TRUE(comes(account, sibling));
  for (int round = 1; round <= 100; ++round) {
    const auto member = account.holder(1, 1);
    auto& own = written.cells().front();
    const auto made = os::fork_process();
    ASSERT_TRUE(made);
    if (made->in_child()) {
      for (;;) {
        (void)comes(account, member, own);
        all.ready.store(round);
        account.leave(member, own);
        own = {};
      }
    }
    while (all.ready.load() != round) std::this_thread::yield();
    for (int each = 0; each < 50 * (round % 7); ++each) {
      seats taken;
      if (comes(account, sibling, taken)) account.leave(sibling, taken);
    }
    ::kill(made->pid, SIGKILL);
    ASSERT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
    account.leave(member, own);
    own = {};
    ASSERT_EQ(account.open(), 1U) << "round " << round;
    ASSERT_EQ(account.open_of(somebody), 1U);
  }
}

}  // namespace
}  // namespace samjoko::serve

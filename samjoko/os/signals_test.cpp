#include <samjoko/os/signals.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>

namespace samjoko::os {
namespace {

bool is_readable(int number, int limit_ms) {
  return wait_readable(number, deadline::after(milliseconds(limit_ms)));
}

bool is_default(int signal) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

bool is_blocked(int signal) {
  sigset_t now;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return sigismember(&now, signal) == 1;
}

TEST(signal_queue, tells_the_signal_its_sender_and_how_often) {
  auto queue = signal_queue::open({SIGTERM, SIGUSR1});
  ASSERT_TRUE(queue);
  EXPECT_FALSE(is_readable(queue->descriptor(), 0));
  EXPECT_TRUE(queue->take().empty());
  ::kill(::getpid(), SIGUSR1);
  ::kill(::getpid(), SIGTERM);
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(is_readable(queue->descriptor(), 1000));
  const auto taken = queue->take();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].signal, SIGUSR1);
  EXPECT_EQ(taken[0].times, 1U);
  EXPECT_EQ(taken[0].sender, ::getpid());
  EXPECT_EQ(taken[0].sender_user, ::getuid());
  EXPECT_EQ(taken[1].signal, SIGTERM);
  EXPECT_EQ(taken[1].times, 2U);
  EXPECT_FALSE(is_readable(queue->descriptor(), 0));
  EXPECT_TRUE(queue->take().empty());
}

TEST(signal_queue, tells_which_child_ended) {
  auto queue = signal_queue::open({SIGCHLD});
  ASSERT_TRUE(queue);
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) leave_process(0);
  ASSERT_TRUE(is_readable(queue->descriptor(), 10'000));
  const auto taken = queue->take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].sender, made->pid);
  EXPECT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
}

TEST(signal_queue, keeps_errno) {
  auto queue = signal_queue::open({SIGUSR1});
  ASSERT_TRUE(queue);
  errno = EXDEV;
  ::raise(SIGUSR1);
  EXPECT_EQ(errno, EXDEV);
}

TEST(signal_queue, loses_no_delivery_from_many_threads) {
  auto queue = signal_queue::open({SIGUSR1});
  ASSERT_TRUE(queue);
  constexpr std::uint32_t each = 1000;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (std::uint32_t n = 0; n < each; ++n) ::raise(SIGUSR1);  // to the thread: never coalesced
    });
  }
  std::uint32_t seen = 0;
  while (seen < 4 * each && is_readable(queue->descriptor(), 10'000)) {
    for (const auto& notice : queue->take()) seen += notice.times;
  }
  EXPECT_EQ(seen, 4 * each);
}

TEST(signal_queue, gives_the_defaults_back) {
  {
    ASSERT_TRUE(signal_queue::open({SIGUSR2}));
  }
  EXPECT_TRUE(is_default(SIGUSR2));
  ASSERT_TRUE(signal_queue::open({SIGUSR2}));  // the place is free again
}

std::atomic<int> by_the_caller = 0;
void caller_handles(int) { by_the_caller.fetch_add(1); }

TEST(signal_queue, gives_the_callers_own_action_back_after_the_last_queue) {
  struct sigaction own = {};
  own.sa_handler = caller_handles;
  own.sa_flags = SA_NODEFER;
  ASSERT_EQ(::sigaction(SIGUSR1, &own, nullptr), 0);
  {
    auto first = signal_queue::open({SIGUSR1});
    auto second = signal_queue::open({SIGUSR1, SIGUSR2});
    ASSERT_TRUE(first && second);
    {
      const auto gone = std::move(*first);
    }
    ::raise(SIGUSR1);
    EXPECT_EQ(by_the_caller.load(), 0);
    EXPECT_EQ(second->take().size(), 1U);
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(by_the_caller.load(), 1);
  struct sigaction now = {};
  ASSERT_EQ(::sigaction(SIGUSR1, nullptr, &now), 0);
  EXPECT_EQ(now.sa_flags & SA_NODEFER, SA_NODEFER);
  own.sa_handler = SIG_DFL;
  ::sigaction(SIGUSR1, &own, nullptr);
}

TEST(signal_queue, leaves_an_action_that_somebody_else_set_meanwhile) {
  {
    auto queue = signal_queue::open({SIGUSR1});
    ASSERT_TRUE(queue);
    ASSERT_TRUE(ignore_signal(SIGUSR1));
  }
  struct sigaction now = {};
  ASSERT_EQ(::sigaction(SIGUSR1, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  now.sa_handler = SIG_DFL;
  ::sigaction(SIGUSR1, &now, nullptr);
}

TEST(signal_queue, several_each_hear_what_they_want) {
  auto both = signal_queue::open({SIGUSR1, SIGUSR2});
  auto one = signal_queue::open({SIGUSR2});
  ASSERT_TRUE(both && one);
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  EXPECT_FALSE(is_readable(one->descriptor(), 0) && one->take().size() != 1U);
  EXPECT_EQ(both->take().size(), 2U);
  ::raise(SIGUSR2);
  EXPECT_EQ(one->take().size(), 1U);
}

// A place that was used before must not report signals that came for its earlier queue.
TEST(signal_queue, a_new_one_knows_nothing_of_the_one_before) {
  {
    auto before = signal_queue::open({SIGUSR1});
    ASSERT_TRUE(before);
    ::raise(SIGUSR1);
  }
  auto queue = signal_queue::open({SIGUSR1, SIGUSR2});
  ASSERT_TRUE(queue);
  EXPECT_FALSE(is_readable(queue->descriptor(), 0));
  EXPECT_TRUE(queue->take().empty());
}

TEST(signal_queue, a_signal_that_this_library_handles_in_another_way_is_refused) {
  ASSERT_TRUE(install_handler(SIGUSR2, [](int, siginfo_t*, void*) {}, 0));
  const auto queue = signal_queue::open({SIGUSR1, SIGUSR2});
  ASSERT_FALSE(queue);
  EXPECT_TRUE(queue.error().is(EBUSY));
  EXPECT_TRUE(is_default(SIGUSR1));
  ASSERT_TRUE(ignore_signal(SIGUSR2));
  struct sigaction normal = {};
  ::sigaction(SIGUSR2, &normal, nullptr);
}

TEST(signal_queue, unblocks_in_the_main_thread_while_it_lives) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  {
    auto queue = signal_queue::open({SIGUSR1});
    ASSERT_TRUE(queue);
    EXPECT_FALSE(is_blocked(SIGUSR1));
  }
  EXPECT_TRUE(is_blocked(SIGUSR1));
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// Queues come and go in some threads while signals arrive in others: a handler may be walking the
// list at any moment.
TEST(signal_queue, may_come_and_go_while_signals_arrive) {
  auto lasting = signal_queue::open({SIGUSR1});
  ASSERT_TRUE(lasting);
  constexpr std::uint32_t each = 2000;
  std::atomic<bool> over = false;
  std::vector<std::jthread> openers;
  for (int i = 0; i < 2; ++i) {
    openers.emplace_back([&] {
      while (!over.load()) {
        auto passing = signal_queue::open({SIGUSR1, SIGUSR2});
        EXPECT_TRUE(passing);
      }
    });
  }
  std::uint32_t seen = 0;
  for (std::uint32_t n = 0; n < each; ++n) ::raise(SIGUSR1);
  for (const auto& notice : lasting->take()) seen += notice.times;
  over.store(true);
  openers.clear();
  EXPECT_EQ(seen, each);
}

TEST(signal_queue, a_signal_that_cannot_be_caught_is_an_error) {
  const auto queue = signal_queue::open({SIGUSR1, SIGKILL});
  ASSERT_FALSE(queue);
  EXPECT_TRUE(queue.error().is(EINVAL));
  EXPECT_TRUE(is_default(SIGUSR1));
}

TEST(signal_mask_guard, blocks_all_and_puts_back) {
  ASSERT_FALSE(is_blocked(SIGTERM));
  {
    signal_mask_guard guard;
    EXPECT_TRUE(is_blocked(SIGTERM));
    EXPECT_TRUE(is_blocked(SIGCHLD));
  }
  EXPECT_FALSE(is_blocked(SIGTERM));
}

// What a child reports about itself, one bit each, so that a failure says which fact is wrong.
int report_on_child(int queue_descriptor) {
  int code = 0;
  if (!is_default(SIGTERM)) code |= 1;
  if (is_default(SIGWINCH)) code |= 2;  // ignoring is inherited
  if (is_blocked(SIGTERM) || is_blocked(SIGUSR1)) code |= 4;
  auto own = signal_queue::open({SIGUSR1});
  if (!own) return code | 8;
  ::raise(SIGUSR1);
  if (own->take().size() != 1) code |= 16;
  if (is_readable(queue_descriptor, 0)) code |= 32;  // the parent's was not touched
  return code;
}

TEST(reset_signals, a_forked_child_starts_clean_and_apart_from_its_parent) {
  auto queue = signal_queue::open({SIGTERM, SIGUSR1});
  ASSERT_TRUE(queue);
  ASSERT_TRUE(ignore_signal(SIGWINCH));
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) leave_process(report_on_child(queue->descriptor()));
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(queue->take().empty());
  EXPECT_FALSE(is_default(SIGTERM));
  EXPECT_FALSE(is_blocked(SIGTERM));
}

TEST(reset_signals, a_handler_that_is_to_be_kept_is_the_childs_too) {
  static volatile std::sig_atomic_t times = 0;
  const signal_handler count = [](int, siginfo_t*, void*) { times = times + 1; };
  ASSERT_TRUE(install_handler(SIGUSR1, count, 0, in_children::kept));
  ASSERT_TRUE(install_handler(SIGUSR2, count, 0));
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    ::raise(SIGUSR1);
    leave_process(
        times == 1 && has_handler(SIGUSR1) && !has_handler(SIGUSR2) && is_default(SIGUSR2) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
  reset_all_signals();
  EXPECT_FALSE(has_handler(SIGUSR1)) << "nothing is left of it";
}

TEST(reset_signals, all_of_them_also_what_was_inherited) {
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    struct sigaction ignored = {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGHUP, &ignored, nullptr);
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    reset_all_signals();
    leave_process(is_default(SIGHUP) && !is_blocked(SIGTERM) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace samjoko::os

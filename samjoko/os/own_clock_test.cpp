#include <samjoko/os/own_clock.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <samjoko/os/process.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko::os {
namespace {

TEST(own_clock, ends_a_process_that_hears_nothing) {
  const auto begun = steady::now();
  const auto child = fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) {
    if (!signal_oneself_after(SIGKILL, milliseconds(50))) leave_process(1);
    while (true) {
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_GE(steady::now() - begun, milliseconds(50));
}

// A client that talks for hours has it armed twice a second: the kernel has few timers for a user.
TEST(own_clock, one_timer_can_be_armed_again_and_again) {
  const int signal = SIGRTMIN + 9;
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, signal);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &wanted, nullptr), 0);
  own_timer timer;
  for (int times = 0; times < 100'000; ++times)
    ASSERT_TRUE(timer.arm(signal, std::chrono::hours(1))) << times;
  ASSERT_TRUE(timer.arm(signal, milliseconds(1)));
  const timespec patience{.tv_sec = 10, .tv_nsec = 0};
  EXPECT_EQ(::sigtimedwait(&wanted, nullptr, &patience), signal);
}

}  // namespace
}  // namespace samjoko::os

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

}  // namespace
}  // namespace samjoko::os

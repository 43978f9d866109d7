#include <samjoko/os/caller.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <samjoko/os/children.hpp>
#include <samjoko/os/process.hpp>

#include <thread>

namespace samjoko::os {
namespace {

TEST(caller, names_this_process_and_this_thread) {
  EXPECT_EQ(current_caller().process, ::getpid());
  EXPECT_EQ(current_caller().thread, ::gettid());
  std::thread([] { EXPECT_EQ(current_caller().thread, ::gettid()); }).join();
}

TEST(caller, is_forgotten_by_a_fork) {
  const auto before = current_caller();
  const auto child = fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) {
    const auto mine = current_caller();
    const bool right = mine.process == ::getpid() && mine.thread == ::gettid();
    leave_process(right && mine.process != before.process ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/os/thread_id.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <samjoko/os/children.hpp>
#include <samjoko/os/process.hpp>

#include <thread>

namespace samjoko::os {
namespace {

TEST(thread_id, names_this_process_and_this_thread) {
  EXPECT_EQ(current_thread_id().process, ::getpid());
  EXPECT_EQ(current_thread_id().thread, ::gettid());
  std::thread([] { EXPECT_EQ(current_thread_id().thread, ::gettid()); }).join();
}

TEST(thread_id, is_forgotten_by_a_fork) {
  const auto before = current_thread_id();
  const auto child = fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) {
    const auto mine = current_thread_id();
    const bool right = mine.process == ::getpid() && mine.thread == ::gettid();
    leave_process(right && mine.process != before.process ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace samjoko::os

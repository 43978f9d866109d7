#include <samjoko/supervise/linux_kernel.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {
namespace {

linux_kernel make_kernel() {
  auto signals = os::signal_queue::open({SIGTERM, SIGCHLD, SIGUSR2});
  EXPECT_TRUE(signals);
  return linux_kernel(std::move(*signals));
}

/// How the child ended.
os::exit_status end_of(linux_kernel& kernel, const held_process& child) {
  EXPECT_TRUE(os::wait_readable(child.handle.get(), deadline::after(std::chrono::seconds(20))));
  const auto told = kernel.wait_any();
  EXPECT_TRUE(told && told->pid == child.pid);
  return told ? told->status : os::exit_status::exited(99);
}

// A signal storm killed workers a few milliseconds old by SIGUSR2, before they had set it to be
// ignored. A SIGTERM to the whole group could do so too.
TEST(linux_kernel, signals_that_come_before_a_worker_is_made_do_not_kill_it) {
  auto kernel = make_kernel();
  auto line = kernel.open_channel();
  ASSERT_TRUE(line);
  scoreboard::worker_slot counters;
  auto child = kernel.fork([&] {
    for (const int signal : {SIGUSR2, SIGUSR1, SIGHUP, SIGINT, SIGPIPE, SIGTERM})
      ::kill(::getpid(), signal);
    heritage inherited;
    inherited.to_master = std::move(line->worker);
    inherited.counters = &counters;
    worker self(std::move(inherited));
    os::leave_process(self.take() == stop_order::graceful ? 0 : 1);
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(kernel, *child), os::exit_status::exited(0));
}

TEST(linux_kernel, a_child_has_nothing_of_its_parents_signals) {
  auto kernel = make_kernel();
  ::raise(SIGUSR2);
  auto child = kernel.fork([] {
    auto own = os::signal_queue::open({SIGUSR2});  // one per process: the parent's has gone
    os::leave_process(own && own->take().empty() ? 0 : 1);
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(kernel, *child), os::exit_status::exited(0));
}

TEST(linux_kernel, lists_and_signals_its_children_also_without_a_handle) {
  auto kernel = make_kernel();
  auto child = kernel.fork([] {
    os::block_only({});
    while (true) ::pause();
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(kernel.children(), std::vector{child->pid});
  EXPECT_TRUE(kernel.kill(child->pid, {}, SIGKILL));
  EXPECT_EQ(end_of(kernel, *child), os::exit_status::killed(SIGKILL));
  EXPECT_TRUE(kernel.children().empty());
}

}  // namespace
}  // namespace samjoko::supervise

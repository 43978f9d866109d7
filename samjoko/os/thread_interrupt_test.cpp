#include <samjoko/os/thread_interrupt.hpp>

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace samjoko::os {
namespace {

TEST(thread_interrupt, one_before_the_wait_is_seen_by_it) {
  thread_interrupt target;
  target.send();
  EXPECT_TRUE(target.pending());
  EXPECT_FALSE(target.enter());
  EXPECT_FALSE(target.pending());
  EXPECT_TRUE(target.enter());
  EXPECT_FALSE(target.leave());
}

// Two thousand interrupts at random moments, each into a wait without end: a lost one hangs.
TEST(thread_interrupt, none_is_lost) {
  thread_interrupt target;
  std::atomic<int> wanted = 0;
  std::atomic<bool> over = false;
  std::jthread interrupting([&] {
    for (int sent = 0; !over.load();) {
      if (sent == wanted.load()) continue;
      ++sent;
      target.send();
    }
  });
  for (int round = 0; round < 2000; ++round) {
    wanted.fetch_add(1);
    for (bool interrupted = false; !interrupted;) {
      interrupted = !target.enter();
      if (interrupted) break;
      ::poll(nullptr, 0, -1);
      interrupted = target.leave();
    }
  }
  over.store(true);
}

TEST(thread_interrupt, a_call_outside_of_enter_and_leave_is_not_hit) {
  thread_interrupt target;
  std::jthread interrupting([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) target.send();
  });
  for (int round = 0; round < 300; ++round) {
    if (target.enter()) target.leave();
    EXPECT_EQ(::poll(nullptr, 0, 1), 0) << "interrupted: " << errno;
  }
}

}  // namespace
}  // namespace samjoko::os

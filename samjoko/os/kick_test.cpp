#include <samjoko/os/kick.hpp>

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace samjoko::os {
namespace {

TEST(kick, one_before_the_wait_is_seen_by_it) {
  kick target;
  target.send();
  EXPECT_TRUE(target.pending());
  EXPECT_FALSE(target.enter());
  EXPECT_FALSE(target.pending());
  EXPECT_TRUE(target.enter());
  EXPECT_FALSE(target.leave());
}

// Two thousand kicks at moments of chance, each into a wait without end: a lost one hangs.
TEST(kick, none_is_lost) {
  kick target;
  std::atomic<int> wanted = 0;
  std::atomic<bool> over = false;
  std::jthread kicking([&] {
    for (int sent = 0; !over.load();) {
      if (sent == wanted.load()) continue;
      ++sent;
      target.send();
    }
  });
  for (int round = 0; round < 2000; ++round) {
    wanted.fetch_add(1);
    for (bool kicked = false; !kicked;) {
      kicked = !target.enter();
      if (kicked) break;
      ::poll(nullptr, 0, -1);
      kicked = target.leave();
    }
  }
  over.store(true);
}

TEST(kick, a_call_outside_of_enter_and_leave_is_not_hit) {
  kick target;
  std::jthread kicking([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) target.send();
  });
  for (int round = 0; round < 300; ++round) {
    if (target.enter()) target.leave();
    EXPECT_EQ(::poll(nullptr, 0, 1), 0) << "interrupted: " << errno;
  }
}

}  // namespace
}  // namespace samjoko::os

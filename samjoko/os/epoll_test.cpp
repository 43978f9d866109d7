#include <samjoko/os/epoll.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

namespace samjoko::os {
namespace {

struct waited {
  std::vector<int> ready;
  bool woken = false;
};
waited wait_for(epoll& on, int timeout_ms) {
  waited all;
  std::array<epoll_event, 8> room{};
  for (const auto& event : on.wait(room, timeout_ms, all.woken)) all.ready.push_back(event.data.fd);
  return all;
}
std::pair<descriptor, descriptor> socket_pair() {
  int both[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both), 0);
  return {descriptor(both[0]), descriptor(both[1])};
}

TEST(epoll, tells_an_edge_once_and_a_wake_apart_from_it) {
  epoll on;
  const auto [one, other] = socket_pair();
  ASSERT_EQ(on.add(one.get(), EPOLLIN | EPOLLET), 0);
  EXPECT_TRUE(wait_for(on, 0).ready.empty());
  ASSERT_EQ(::send(other.get(), "x", 1, 0), 1);
  on.wake();
  const auto both = wait_for(on, 1000);
  EXPECT_EQ(both.ready, std::vector{one.get()});
  EXPECT_TRUE(both.woken);
  const auto after = wait_for(on, 0);
  EXPECT_TRUE(after.ready.empty());
  EXPECT_FALSE(after.woken);
}

TEST(epoll, many_wakes_before_the_wait_are_one) {
  epoll on;
  for (int each = 0; each < 1000; ++each) on.wake();
  EXPECT_TRUE(wait_for(on, -1).woken);
  EXPECT_FALSE(wait_for(on, 0).woken);
}

TEST(epoll, a_thread_ends_a_wait_without_end) {
  epoll on;
  const std::jthread waker([&on] { on.wake(); });
  waited got;
  while (!got.woken) got = wait_for(on, -1);
  EXPECT_TRUE(got.ready.empty());
}

TEST(epoll, a_change_tells_what_is_there_already) {
  epoll on;
  const auto [one, other] = socket_pair();
  EXPECT_EQ(on.change(one.get(), EPOLLIN), ENOENT);
  ASSERT_EQ(on.add(one.get(), EPOLLIN | EPOLLET), 0);
  EXPECT_TRUE(wait_for(on, 0).ready.empty());
  ASSERT_EQ(on.change(one.get(), EPOLLIN | EPOLLOUT | EPOLLET), 0);
  EXPECT_EQ(wait_for(on, 0).ready, std::vector{one.get()});
  EXPECT_TRUE(wait_for(on, 0).ready.empty());
}

TEST(epoll, what_cannot_be_watched_is_told_by_its_errno) {
  epoll on;
  const auto [one, other] = socket_pair();
  ASSERT_EQ(on.add(one.get(), EPOLLIN | EPOLLET), 0);
  EXPECT_EQ(on.add(one.get(), EPOLLIN | EPOLLET), EEXIST);
  EXPECT_EQ(on.add(-1, EPOLLIN), EBADF);
  on.remove(one.get());
  ASSERT_EQ(::send(other.get(), "x", 1, 0), 1);
  EXPECT_TRUE(wait_for(on, 0).ready.empty());
  EXPECT_EQ(on.add(one.get(), EPOLLIN | EPOLLET), 0);
  EXPECT_EQ(wait_for(on, 0).ready, std::vector{one.get()});
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/postmortem/death_ring.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <samjoko/os/process.hpp>
#include <set>
#include <string>
#include <vector>

namespace samjoko::postmortem {
namespace {

using enum death_ring::telling;

death_record of(pid_t pid) {
  death_record made;
  made.pid = pid;
  made.title.assign("worker " + std::to_string(pid));
  return made;
}

std::vector<pid_t> pids_on(const death_ring& ring) {
  std::vector<pid_t> found;
  ring.for_each([&](const death_record& each) { found.push_back(each.pid); });
  return found;
}

TEST(death_ring, keeps_the_last_ones_in_their_order) {
  auto ring = death_ring::make(4).value();
  for (pid_t pid = 1; pid <= 6; ++pid)
    EXPECT_EQ(ring.append(of(pid), done), static_cast<std::uint64_t>(pid));
  EXPECT_EQ(pids_on(ring), (std::vector<pid_t>{3, 4, 5, 6}));
  EXPECT_EQ(ring.count(), 6U);
}

TEST(death_ring, without_memory_keeps_nothing_and_does_no_harm) {
  death_ring none;
  EXPECT_EQ(none.append(of(1), waits), 0U);
  EXPECT_TRUE(pids_on(none).empty());
  EXPECT_EQ(none.first_waiting(), std::nullopt);
  EXPECT_FALSE(none.settle(0, of(1)));
}

TEST(death_ring, one_that_waits_is_settled_once) {
  auto ring = death_ring::make(4).value();
  const auto first = ring.append(of(1), waits);
  ring.append(of(2), done);
  const auto third = ring.append(of(3), waits);
  ASSERT_TRUE(ring.first_waiting());
  EXPECT_EQ(ring.first_waiting()->sequence, first);
  auto told = of(1);
  told.stack.assign("guilty");
  EXPECT_TRUE(ring.settle(first, told));
  EXPECT_FALSE(ring.settle(first, told));
  EXPECT_EQ(ring.first_waiting()->sequence, third);
  std::string stack;
  ring.for_each([&](const death_record& each) { stack += each.stack.view(); });
  EXPECT_EQ(stack, "guilty");
}

TEST(death_ring, one_that_waited_and_must_make_room_is_handed_over_once) {
  auto ring = death_ring::make(2).value();
  std::vector<pid_t> handed;
  const auto keep = [&](const death_record& each) { handed.push_back(each.pid); };
  const auto first = ring.append(of(1), waits, keep);
  ring.append(of(2), done, keep);
  ring.append(of(3), done, keep);
  EXPECT_EQ(handed, std::vector<pid_t>{1});
  EXPECT_FALSE(ring.first_waiting());
  EXPECT_FALSE(ring.settle(first, of(1)));
}

// A process that is killed while it writes leaves its place unusable until it has been reaped.
TEST(death_ring, what_many_processes_append_while_some_are_killed_is_whole) {
  constexpr int writers = 8;
  constexpr int each_writes = 500;
  auto ring = death_ring::make(writers * each_writes + 64).value();
  std::vector<pid_t> children;
  for (int n = 0; n < writers; ++n) {
    const auto forked = os::fork_process();
    ASSERT_TRUE(forked);
    if (forked->in_child()) {
      for (int i = 0; i < each_writes; ++i) ring.append(of(::getpid()), done);
      os::leave_process(0);
    }
    children.push_back(forked->pid);
  }
  ::kill(children[0], SIGKILL);
  ::kill(children[1], SIGKILL);
  for (const auto child : children) {
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ring.free_held_by(child);
  }
  std::set<std::uint64_t> numbers;
  std::size_t of_the_living = 0;
  ring.for_each([&](const death_record& each) {
    EXPECT_TRUE(numbers.insert(each.sequence).second);
    EXPECT_EQ(each.title.view(), "worker " + std::to_string(each.pid));
    if (each.pid != children[0] && each.pid != children[1]) ++of_the_living;
  });
  EXPECT_EQ(of_the_living, std::size_t{(writers - 2) * each_writes});
}

TEST(death_ring, survives_who_wrote_it) {
  auto ring = death_ring::make(4).value();
  const auto forked = os::fork_process();
  ASSERT_TRUE(forked);
  if (forked->in_child()) {
    ring.append(of(77), done);
    ::raise(SIGKILL);
  }
  ASSERT_EQ(::waitpid(forked->pid, nullptr, 0), forked->pid);
  EXPECT_EQ(pids_on(ring), std::vector<pid_t>{77});
}

}  // namespace
}  // namespace samjoko::postmortem

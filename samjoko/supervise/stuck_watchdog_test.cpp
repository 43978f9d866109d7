#include <samjoko/supervise/stuck_watchdog.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <vector>

#include <samjoko/os/process.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko::supervise {
namespace {

using namespace std::chrono_literals;

/// One child that never answers and is said to run a user's code; a clock of its own.
class warden_alone : public ::testing::Test {
 protected:
  warden_alone() {
    box_.captures = captures_;
    box_.cells = cells_;
    const auto forked = os::fork_process(os::child_mask::blocked);
    EXPECT_TRUE(forked);
    if (forked->in_child()) {
      os::end_with_parent(SIGKILL, test_);
      for (;;) ::pause();
    }
    child_ = forked->pid;
    cells_[0].owner = std::uint64_t{static_cast<std::uint32_t>(child_)} << 32 |
                      static_cast<std::uint32_t>(child_);
    runs();
    watchdog_.emplace(boxes_, 4s,
                      [this](std::uint32_t, pid_t pid, postmortem::own_limit, milliseconds) {
                        ended_.push_back(pid);
                      });
  }
  ~warden_alone() override {
    ::kill(child_, SIGKILL);
    EXPECT_EQ(::waitpid(child_, nullptr, 0), child_);
  }

  void runs() { cells_[0].step = (cells_[0].step + 1) | 1; }
  /// Does what the child's signal handler does, whenever that gets to run.
  void answer(std::uint32_t ticket) {
    auto* slot = postmortem::claim_slot(captures_, child_);
    ASSERT_NE(slot, nullptr);
    slot->reason = postmortem::capture_reason::asked;
    slot->ticket = ticket;
    postmortem::complete(*slot);
  }
  [[nodiscard]] std::size_t free_places() {
    return static_cast<std::size_t>(std::ranges::count_if(
        captures_, [](auto& each) { return postmortem::owner_of(each) == 0; }));
  }
  void tend_for(milliseconds time) {
    for (const auto until = now_ + time; now_ < until; now_ += 10ms) watchdog_->tend(now_);
  }

  std::vector<postmortem::capture_slot> captures_ = std::vector<postmortem::capture_slot>(3);
  std::vector<scoreboard::thread_slot> cells_ = std::vector<scoreboard::thread_slot>(1);
  postmortem::black_box box_;
  std::array<postmortem::black_box*, 2> boxes_{nullptr, &box_};
  std::vector<pid_t> ended_;
  pid_t test_ = ::getpid();
  pid_t child_ = 0;
  steady::time_point now_{1h};
  std::optional<stuck_watchdog> watchdog_;
};

TEST_F(warden_alone, ends_one_that_does_not_answer) {
  tend_for(4s + stuck_watchdog::time_to_answer + 2s);
  ASSERT_FALSE(ended_.empty());
  EXPECT_EQ(ended_.front(), child_);
}

// A worker writes the cells. An attacker that controls it may name any process of the machine
// there, and the master, which may run as root, would signal that process.
TEST_F(warden_alone, neither_asks_nor_ends_who_is_not_ours) {
  std::vector<pid_t> looked_at;
  watchdog_.emplace(
      boxes_, 4s,
      [this](std::uint32_t, pid_t pid, postmortem::own_limit, milliseconds) {
        ended_.push_back(pid);
      },
      [&](std::uint32_t worker, pid_t pid) {
        EXPECT_EQ(worker, 2U) << "whose box it is";
        looked_at.push_back(pid);
        return false;
      });
  tend_for(4s + stuck_watchdog::time_to_answer + 2s);
  EXPECT_TRUE(ended_.empty());
  EXPECT_FALSE(looked_at.empty());
  EXPECT_EQ(::waitpid(child_, nullptr, WNOHANG), 0) << "it lives, and was not signalled";
  EXPECT_EQ(cells_[0].ended_after.load(), 0U);
}

TEST_F(warden_alone, an_answer_is_waited_for_no_longer_than_it_takes) {
  tend_for(4s + 100ms);
  ASSERT_TRUE(ended_.empty());
  answer(1);
  tend_for(50ms);
  EXPECT_EQ(ended_, std::vector{child_});
  EXPECT_EQ(free_places(), 2u) << "the stack is for the record of its death";
}

TEST_F(warden_alone, one_that_came_back_lives_and_nothing_is_kept_of_it) {
  tend_for(4s + 100ms);
  runs();
  answer(1);
  tend_for(1s);
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(free_places(), 3u);
  EXPECT_EQ(cells_[0].ended_for.load(), 0);
}

// Each late answer kept its place until the process ended, and 32 of them left none for a crash.
TEST_F(warden_alone, answers_that_come_too_late_do_not_pile_up) {
  for (std::uint32_t round = 1; round <= 5; ++round) {
    tend_for(4s + 100ms);
    runs();
    tend_for(1s);
    ASSERT_TRUE(ended_.empty());
    answer(round);
    EXPECT_GE(free_places(), 2u) << "in round " << round;
  }
}

}  // namespace
}  // namespace samjoko::supervise

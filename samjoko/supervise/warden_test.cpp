#include <samjoko/supervise/warden.hpp>

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

/// One child that never answers, said to run a user's code; a clock of its own.
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
    warden_.emplace(boxes_, 4s, [this](std::uint32_t, pid_t pid, os::own_limit, milliseconds) {
      ended_.push_back(pid);
    });
  }
  ~warden_alone() override {
    ::kill(child_, SIGKILL);
    EXPECT_EQ(::waitpid(child_, nullptr, 0), child_);
  }

  void runs() { cells_[0].step = (cells_[0].step + 1) | 1; }
  /// As its handler does, whenever it gets to run.
  void answer(std::uint32_t ticket) {
    auto* slot = os::claim_slot(captures_, child_);
    ASSERT_NE(slot, nullptr);
    slot->reason = os::capture_reason::asked;
    slot->ticket = ticket;
    os::complete(*slot);
  }
  [[nodiscard]] std::size_t free_places() {
    return static_cast<std::size_t>(
        std::ranges::count_if(captures_, [](auto& each) { return os::owner_of(each) == 0; }));
  }
  void tend_for(milliseconds time) {
    for (const auto until = now_ + time; now_ < until; now_ += 10ms) warden_->tend(now_);
  }

  std::vector<os::capture_slot> captures_ = std::vector<os::capture_slot>(3);
  std::vector<os::activity_cell> cells_ = std::vector<os::activity_cell>(1);
  os::black_box box_;
  std::array<os::black_box*, 2> boxes_{nullptr, &box_};
  std::vector<pid_t> ended_;
  pid_t test_ = ::getpid();
  pid_t child_ = 0;
  steady::time_point now_{1h};
  std::optional<warden> warden_;
};

TEST_F(warden_alone, ends_one_that_does_not_answer) {
  tend_for(4s + warden::time_to_answer + 2s);
  ASSERT_FALSE(ended_.empty());
  EXPECT_EQ(ended_.front(), child_);
}

// A worker writes the cells: one that was taken over may name any process of the machine there, and
// the master, who may be root, would signal it.
TEST_F(warden_alone, neither_asks_nor_ends_who_is_not_ours) {
  std::vector<pid_t> looked_at;
  warden_.emplace(
      boxes_, 4s,
      [this](std::uint32_t, pid_t pid, os::own_limit, milliseconds) { ended_.push_back(pid); },
      [&](std::uint32_t worker, pid_t pid) {
        EXPECT_EQ(worker, 2U) << "whose box it is";
        looked_at.push_back(pid);
        return false;
      });
  tend_for(4s + warden::time_to_answer + 2s);
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

// Each of them kept its place until the process ended, and 32 such left none for a crash.
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

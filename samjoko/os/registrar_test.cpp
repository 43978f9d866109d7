#include <samjoko/os/registrar.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <samjoko/os/death_text.hpp>
#include <vector>

namespace samjoko::os {
namespace {

using namespace std::chrono_literals;

constexpr steady::time_point start{1h};

TEST(oom_history, knows_nothing_before_its_first_sample) {
  EXPECT_FALSE(oom_history().since(5, 0, 1).known);
}

TEST(oom_history, a_rise_is_seen_though_a_sample_came_between_it_and_the_death) {
  oom_history history;
  history.add(start, 4, 0);
  history.add(start + 10s, 5, 0);  // counted, but the process has not ended yet
  const auto found = history.since(5, 0, 1);
  EXPECT_EQ(found.before, 4U);
  EXPECT_EQ(found.after, 5U);
}

TEST(oom_history, an_old_rise_is_forgotten) {
  oom_history history;
  for (int i = 0; i < 3; ++i) history.add(start + i * 10s, i == 0 ? 4 : 5, 0);
  EXPECT_EQ(history.since(5, 0, 1).before, 5U);
}

TEST(oom_history, what_was_told_before_the_interval_does_not_count) {
  oom_history history;
  history.add(start, 4, 3);
  EXPECT_EQ(history.since(6, 4, 1).told, 1U);
}

TEST(oom_history, is_due_every_interval) {
  oom_history history;
  EXPECT_TRUE(history.is_due(start));
  history.add(start, 0, 0);
  EXPECT_FALSE(history.is_due(start + oom_history::interval - 1ms));
  EXPECT_TRUE(history.is_due(start + oom_history::interval));
}

deceased exited(pid_t pid, int code) {
  return {.pid = pid,
          .status = exit_status::exited(code),
          .used = {},
          .title = "worker 1",
          .memory_counter = ""};
}

TEST(registrar, tells_nothing_before_it_settles_and_then_each_once) {
  black_box box;
  box.board = death_board::make(8).value();
  registrar deaths(&box, {});
  deaths.add(exited(10, 3));
  deaths.add(exited(11, 4));
  EXPECT_EQ(box.board.count(), 0U);
  deaths.settle();
  deaths.settle();
  std::vector<std::pair<pid_t, int>> kept;
  box.board.for_each([&](const death_record& each) { kept.emplace_back(each.pid, each.code); });
  EXPECT_EQ(kept, (std::vector<std::pair<pid_t, int>>{{10, 3}, {11, 4}}));
}

class registrar_with_captures : public ::testing::Test {
 protected:
  void SetUp() override {
    captures_ = shared_cells<capture_slot>::make(2).value();
    box_.board = death_board::make(8).value();
    box_.captures = captures_.cells();
  }
  void crash(pid_t pid) {
    auto* slot = claim_slot(box_.captures, pid);
    ASSERT_NE(slot, nullptr);
    slot->reason = capture_reason::fatal_signal;
    slot->signal = SIGSEGV;
    slot->code = SEGV_MAPERR;
    slot->fault_address = 0x10;
    slot->tid = pid;
    complete(*slot);
  }
  static deceased segv(pid_t pid) {
    return {.pid = pid,
            .status = exit_status::killed(SIGSEGV),
            .used = {},
            .title = "worker 1",
            .memory_counter = ""};
  }

  shared_cells<capture_slot> captures_;
  black_box box_;
};

TEST_F(registrar_with_captures, a_crash_waits_for_the_master) {
  int woken = 0;
  registrar deaths(&box_, [&] { return ++woken > 0; });
  crash(20);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_EQ(woken, 1);
  const auto waiting = box_.board.first_waiting();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->cause, death_cause::crash);
  EXPECT_EQ(waiting->sure, certainty::proved);
  EXPECT_EQ(waiting->fault_address, 0x10U);
  ASSERT_EQ(waiting->capture, 1U);
  // Its number may soon be another's: the slot is no longer found under it.
  EXPECT_EQ(find_capture(box_.captures, 20, capture_reason::fatal_signal), nullptr);
  EXPECT_NE(state_of(box_.captures[0]), capture_state::free);
}

TEST_F(registrar_with_captures, without_a_master_it_is_told_at_once_without_its_stack) {
  registrar deaths(&box_, [] { return false; });
  crash(20);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_FALSE(box_.board.first_waiting());
  EXPECT_EQ(state_of(box_.captures[0]), capture_state::free);
}

TEST_F(registrar_with_captures, who_died_while_it_captured_leaves_no_slot_behind) {
  registrar deaths(&box_, [] { return true; });
  ASSERT_NE(claim_slot(box_.captures, 20), nullptr);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_EQ(state_of(box_.captures[0]), capture_state::free);
  EXPECT_FALSE(box_.board.first_waiting());
}

}  // namespace
}  // namespace samjoko::os

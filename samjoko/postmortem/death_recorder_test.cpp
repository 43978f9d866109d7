#include <samjoko/postmortem/death_recorder.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <samjoko/postmortem/death_text.hpp>
#include <vector>

namespace samjoko::postmortem {
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

death_report exited(pid_t pid, int code) {
  return {.pid = pid,
          .status = os::exit_status::exited(code),
          .used = {},
          .title = "worker 1",
          .memory_counter = ""};
}

TEST(death_recorder, tells_nothing_before_it_settles_and_then_each_once) {
  black_box box;
  box.deaths = death_ring::make(8).value();
  death_recorder deaths(&box, {});
  deaths.add(exited(10, 3));
  deaths.add(exited(11, 4));
  EXPECT_EQ(box.deaths.count(), 0U);
  deaths.settle();
  deaths.settle();
  std::vector<std::pair<pid_t, int>> kept;
  box.deaths.for_each([&](const death_record& each) { kept.emplace_back(each.pid, each.code); });
  EXPECT_EQ(kept, (std::vector<std::pair<pid_t, int>>{{10, 3}, {11, 4}}));
}

class registrar_with_captures : public ::testing::Test {
 protected:
  void SetUp() override {
    captures_ = os::shared_cells<capture_slot>::make(2).value();
    cells_ = os::shared_cells<scoreboard::thread_slot>::make(3).value();
    box_.deaths = death_ring::make(8).value();
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
  static death_report segv(pid_t pid) {
    return {.pid = pid,
            .status = os::exit_status::killed(SIGSEGV),
            .used = {},
            .title = "worker 1",
            .memory_counter = ""};
  }

  /// A thread of the process serves a client.
  void serves(std::size_t cell, pid_t pid, pid_t thread) {
    auto& made = cells_.cells()[cell];
    made.owner.store(std::uint64_t(pid) << 32 | std::uint64_t(thread));
    made.step.store(1);
    made.client.store(7);
  }

  os::shared_cells<capture_slot> captures_;
  os::shared_cells<scoreboard::thread_slot> cells_;
  black_box box_;
};

TEST_F(registrar_with_captures, a_crash_waits_for_the_master) {
  int woken = 0;
  death_recorder deaths(&box_, [&] { return ++woken > 0; });
  crash(20);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_EQ(woken, 1);
  const auto waiting = box_.deaths.first_waiting();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->cause, death_cause::crash);
  EXPECT_EQ(waiting->sure, certainty::proved);
  EXPECT_EQ(waiting->fault_address, 0x10U);
  ASSERT_EQ(waiting->capture, 1U);
  // Its number may soon be another's: the slot is no longer found under it.
  EXPECT_EQ(find_capture(box_.captures, 20, capture_reason::fatal_signal), nullptr);
  EXPECT_NE(state_of(box_.captures[0]), capture_state::free);
}

// In a deadlock of four threads one was reported, and the other three as merely open.
TEST_F(registrar_with_captures, whom_another_thread_served_was_not_merely_open) {
  box_.cells = cells_.cells();
  serves(0, 20, 20);
  serves(1, 20, 21);
  serves(2, 99, 99);  // another process
  death_recorder deaths(&box_, [] { return true; });
  crash(20);
  auto dead = segv(20);
  dead.open = 5;
  deaths.add(dead);
  deaths.settle();
  const auto waiting = box_.deaths.first_waiting();
  ASSERT_TRUE(waiting);
  EXPECT_TRUE(waiting->was_running);
  EXPECT_EQ(waiting->merely_open, 3);
}

TEST_F(registrar_with_captures, without_a_master_it_is_told_at_once_without_its_stack) {
  death_recorder deaths(&box_, [] { return false; });
  crash(20);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_FALSE(box_.deaths.first_waiting());
  EXPECT_EQ(state_of(box_.captures[0]), capture_state::free);
}

TEST_F(registrar_with_captures, who_died_while_it_captured_leaves_no_slot_behind) {
  death_recorder deaths(&box_, [] { return true; });
  ASSERT_NE(claim_slot(box_.captures, 20), nullptr);
  deaths.add(segv(20));
  deaths.settle();
  EXPECT_EQ(state_of(box_.captures[0]), capture_state::free);
  EXPECT_FALSE(box_.deaths.first_waiting());
}

/// What a death recorder of the master knows of worker 3.
death_report of_worker_three() {
  return {.status = os::exit_status::exited(0), .model = "process each", .worker = 3};
}

// A worker was killed between reaping and telling, and three deaths of two thousand were lost.
TEST_F(registrar_with_captures, what_a_dead_worker_had_reaped_is_told_by_its_master) {
  box_.cells = cells_.cells();
  serves(0, 20, 20);
  serves(1, 21, 21);
  serves(2, 22, 22);
  cells_.cells()[0].worker.store(3);
  cells_.cells()[1].worker.store(3);  // it lives
  cells_.cells()[2].worker.store(4);  // of another
  death_recorder of_the_worker(&box_, {});
  of_the_worker.note_end(20, os::exit_status::killed(SIGBUS, true), death_role::client_process);
  of_the_worker.note_end(22, os::exit_status::exited(9), death_role::client_process);
  death_recorder of_the_master(&box_, {});
  of_the_master.add_untold(of_worker_three());
  of_the_master.settle();
  std::vector<death_record> kept;
  box_.deaths.for_each([&](const death_record& each) { kept.push_back(each); });
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].pid, 20);
  EXPECT_EQ(kept[0].role, death_role::client_process);
  EXPECT_EQ(kept[0].worker, 3U);
  EXPECT_EQ(kept[0].signal, SIGBUS);
  EXPECT_TRUE(kept[0].core_dumped);
  EXPECT_TRUE(kept[0].was_running);
  EXPECT_EQ(of_the_master.notes_of(20), nullptr) << "its number may be another's soon";
}

TEST_F(registrar_with_captures, what_is_on_the_board_already_is_not_told_again) {
  box_.cells = cells_.cells();
  serves(0, 20, 20);
  cells_.cells()[0].worker.store(3);
  death_recorder of_the_master(&box_, {});
  death_recorder of_the_worker(&box_, [&] {  // the moment at which the worker is killed
    of_the_master.add_untold(of_worker_three());
    of_the_master.settle();
    return true;
  });
  crash(20);
  of_the_worker.note_end(20, os::exit_status::killed(SIGSEGV), death_role::client_process);
  of_the_worker.add(segv(20));
  of_the_worker.settle();
  EXPECT_EQ(box_.deaths.count(), 1U);
  EXPECT_TRUE(box_.deaths.first_waiting()) << "its stack is still to be unwound";
}

}  // namespace
}  // namespace samjoko::postmortem

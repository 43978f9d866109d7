// The last groups may be helpers of the others: they run as long as another worker may need them.
#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::supervise {
namespace {

/// Slots 0 and 1 work, slot 2 helps.
plan_settings with_helper(std::size_t most = 8) {
  auto made = driven::settings({2, 1}, most);
  made.helper_groups = 1;
  return made;
}

TEST(plan_helpers, a_stop_is_told_to_them_when_the_last_worker_has_ended) {
  driven it(with_helper());
  EXPECT_EQ(it.began, "fork 0, fork 1, fork 2");
  for (std::size_t slot = 0; slot < 3; ++slot) it.ready(slot);
  EXPECT_EQ(it.order(master_order::graceful), "hold, graceful 0, graceful 1, close");
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "");
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "graceful 2");
  EXPECT_EQ(it.ends(2, exit_status::exited(0)), "leave 0");
}

TEST(plan_helpers, where_the_program_stays_they_wait_for_workers_that_are_revived) {
  auto made = with_helper();
  made.stay_when_given_up = true;
  driven it(std::move(made));
  it.ready(2);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    for (int n = 0; n < 5; ++n) {
      it.ends(slot, exit_status::exited(1));
      it.after(seconds(5));
    }
    EXPECT_EQ(it.subject.state(slot), slot_state::failed);
  }
  EXPECT_TRUE(has_process(it.subject.state(2)));
  EXPECT_TRUE(it.subject.is_wanted(2));
  EXPECT_EQ(text_of(it.subject.on_revive(0, it.now)), "fork 0, fork 1");
}

TEST(plan_helpers, one_that_dies_during_a_stop_is_replaced_for_those_who_still_drain) {
  driven it(with_helper());
  for (std::size_t slot = 0; slot < 3; ++slot) it.ready(slot);
  it.after(seconds(1));
  it.order(master_order::graceful);
  EXPECT_EQ(it.ends(2), "fork 2");
  it.ends(0, exit_status::exited(0));
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "graceful 2");
  EXPECT_EQ(it.ends(2, exit_status::exited(0)), "leave 0");
}

TEST(plan_helpers, a_stop_at_once_is_for_them_too) {
  driven it(with_helper());
  EXPECT_EQ(it.order(master_order::immediate), "close, immediate 0, immediate 1, immediate 2");
  it.ends(0), it.ends(1);
  EXPECT_EQ(it.ends(2), "leave 0");
}

TEST(plan_helpers, they_are_never_scaled) {
  driven it(with_helper());
  EXPECT_EQ(it.order(master_order::one_more), "fork 3, scale 3");
  EXPECT_EQ(it.subject.group_of(3), 0U);
  EXPECT_EQ(it.order(master_order::one_less), "graceful 3, scale 2");
  EXPECT_EQ(it.order(master_order::one_less), "graceful 1, scale 1");
  EXPECT_EQ(it.order(master_order::one_less), "");
}

TEST(plan_helpers, when_all_workers_were_given_up_they_end_and_so_does_the_program) {
  driven it(with_helper());
  it.grow(2);
  EXPECT_EQ(it.ends(0, exit_status::exited(125)), "disabled 0");
  EXPECT_EQ(it.ends(1, exit_status::exited(125)), "disabled 1, graceful 2, close group 0");
  EXPECT_EQ(it.ends(2, exit_status::exited(0)), "leave 125");
}

TEST(plan_helpers, one_that_keeps_falling_is_given_up_and_the_workers_go_on) {
  auto staying = with_helper();
  staying.stay_when_given_up = true;
  driven it(staying);
  it.grow(0), it.grow(1);
  std::string last;
  while (it.subject.state(2) != slot_state::failed) {
    last = it.ends(2);
    it.after(seconds(4));
  }
  EXPECT_EQ(last, "failed 2, close group 1");
  EXPECT_EQ(it.subject.now_in(), plan::phase::running);
  EXPECT_EQ(it.order(master_order::graceful), "hold, graceful 0, graceful 1, close");
  it.ends(0, exit_status::exited(0));
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "leave 0");
}

// The program went on, and told each client that the helper was being started again.
TEST(plan_helpers, the_program_leaves_with_one_that_was_given_up_unless_it_shall_stay) {
  driven it(with_helper());
  it.grow(0), it.grow(1);
  std::string last;
  while (it.subject.state(2) != slot_state::failed && it.subject.state(2) != slot_state::empty) {
    last = it.ends(2);
    if (it.subject.now_in() != plan::phase::running) break;
    it.after(seconds(4));
  }
  EXPECT_EQ(last, "failed 2, hold, graceful 0, graceful 1, close");
  it.ends(0, exit_status::exited(0));
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "leave 3");
}

TEST(plan_helpers, a_command_cannot_scale_them) {
  driven it(with_helper());
  EXPECT_EQ(text_of(it.subject.on_scale(1, 2, it.now)), "");
  EXPECT_EQ(it.subject.wanted_of(1), 1U);
}

}  // namespace
}  // namespace samjoko::supervise

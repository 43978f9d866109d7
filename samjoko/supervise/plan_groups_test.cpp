#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::supervise {
namespace {

using groups = std::vector<std::size_t>;

TEST(plan_groups, each_has_its_own_number_of_workers) {
  driven it(groups{2, 1, 3});
  EXPECT_EQ(it.began, "fork 0, fork 1, fork 2, fork 3, fork 4, fork 5");
  std::vector<std::size_t> found;
  for (std::size_t slot = 0; slot < 6; ++slot) found.push_back(it.subject.group_of(slot));
  EXPECT_EQ(found, (groups{0, 0, 1, 2, 2, 2}));
}

TEST(plan_groups, the_dead_are_replaced_in_their_own) {
  driven it(groups{1, 1, 1});
  for (std::size_t slot = 0; slot < 3; ++slot) it.ready(slot);
  it.after(seconds(1));
  for (std::size_t slot = 3; slot-- > 0;) {
    EXPECT_EQ(it.ends(slot), fmt::format("fork {}", slot));
    EXPECT_EQ(it.subject.group_of(slot), slot);
  }
}

TEST(plan_groups, whoever_leaves_is_succeeded_in_its_own) {
  driven it(groups{1, 1});
  it.ready(0), it.ready(1);
  it.after(seconds(1));
  EXPECT_EQ(it.leaves(0), "fork 2");
  EXPECT_EQ(it.subject.group_of(2), 0U);
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "");
  EXPECT_EQ(it.leaves(1), "fork 3") << "slot 0 is free, but of another group";
  EXPECT_EQ(it.subject.group_of(3), 1U);
}

TEST(plan_groups, one_more_and_one_less_are_meant_of_each) {
  driven it(groups{1, 2});
  EXPECT_EQ(it.order(master_order::one_more), "fork 3, fork 4, scale 5");
  EXPECT_EQ(it.subject.group_of(3), 0U);
  EXPECT_EQ(it.subject.group_of(4), 1U);
  EXPECT_EQ(it.order(master_order::one_less), "graceful 3, graceful 4, scale 3");
  EXPECT_EQ(it.order(master_order::one_less), "graceful 2, scale 2");
  EXPECT_EQ(it.order(master_order::one_less), "") << "one of each stays";
}

TEST(plan_groups, together_they_have_no_more_workers_than_there_may_be) {
  driven it(groups{1, 1}, 3);
  EXPECT_EQ(it.order(master_order::one_more), "fork 2, scale 3");
  EXPECT_EQ(it.order(master_order::one_more), "");
}

TEST(plan_groups, a_stop_is_meant_for_all) {
  driven it(groups{1, 1});
  EXPECT_EQ(it.order(master_order::graceful), "hold, graceful 0, graceful 1, close");
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "");
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "leave 0");
}

/// Lets the worker fail until its slot is given up; returns the last of the actions.
std::string give_up(driven& it, std::size_t slot) {
  for (;;) {
    auto text = it.ends(slot);
    if (it.subject.state(slot) == slot_state::failed) return text;
    it.after(seconds(4));
  }
}

TEST(plan_groups, one_without_any_worker_left_is_closed_and_the_others_go_on) {
  driven it(groups{2, 1});
  it.grow(2);
  EXPECT_EQ(give_up(it, 0), "failed 0");
  EXPECT_EQ(give_up(it, 1), "failed 1, close group 0");
  EXPECT_EQ(it.subject.now_in(), plan::phase::running);
  EXPECT_EQ(it.order(master_order::one_more), "fork 3, scale 4");
  EXPECT_EQ(it.subject.group_of(3), 1U);
  EXPECT_EQ(it.order(master_order::one_less), "graceful 3, scale 3");
}

TEST(plan_groups, when_none_has_a_worker_left_the_service_is_over) {
  driven it(groups{1, 1});
  EXPECT_EQ(give_up(it, 0), "failed 0, close group 0");
  EXPECT_EQ(give_up(it, 1), "failed 1, leave 3");
}

TEST(plan_groups, all_asked_not_to_be_restarted) {
  driven it(groups{1, 1});
  EXPECT_EQ(it.ends(0, exit_status::exited(125)), "disabled 0, close group 0");
  EXPECT_EQ(it.ends(1, exit_status::exited(125)), "disabled 1, leave 125");
}

}  // namespace
}  // namespace samjoko::supervise

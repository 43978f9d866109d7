// What an operator asks of the plan besides signals: a number of workers, another try.
#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::supervise {
namespace {

std::string scale(driven& it, std::size_t group, std::size_t count) {
  return text_of(it.subject.on_scale(group, count, it.now));
}
std::string revive(driven& it, std::size_t group) {
  return text_of(it.subject.on_revive(group, it.now));
}
/// Lets the worker fail until the slot is given up.
void give_up(driven& it, std::size_t slot) {
  for (int n = 0; n < 5; ++n) {
    it.ends(slot);
    it.after(seconds(2));
  }
  ASSERT_EQ(it.subject.state(slot), slot_state::failed);
}
driven staying(std::vector<std::size_t> workers) {
  driven it(workers);
  auto settings = driven::settings(std::move(workers), 8);
  settings.stay_when_given_up = true;
  it.subject = plan(settings);
  it.began = text_of(it.subject.start(it.now));
  return it;
}

TEST(plan_scale, up_and_down_to_the_number_in_one_group_only) {
  driven it(std::vector<std::size_t>{1, 2});
  EXPECT_EQ(scale(it, 1, 4), "fork 3, fork 4, scale 5");
  EXPECT_EQ(it.subject.wanted_of(0), 1U);
  EXPECT_EQ(it.subject.wanted_of(1), 4U);
  EXPECT_EQ(scale(it, 1, 4), "");
  EXPECT_EQ(scale(it, 1, 1), "graceful 4, graceful 3, graceful 2, scale 2");
}

TEST(plan_scale, stops_at_one_and_at_the_most_that_there_may_be) {
  driven it(2, 4);
  EXPECT_EQ(scale(it, 0, 100), "fork 2, fork 3, scale 4");
  EXPECT_EQ(scale(it, 0, 0), "graceful 3, graceful 2, graceful 1, scale 1");
}

TEST(plan_scale, does_nothing_while_the_service_stops) {
  driven it(1);
  it.order(master_order::graceful);
  EXPECT_EQ(scale(it, 0, 3), "");
}

TEST(plan_revive, a_failed_slot_is_tried_anew_with_all_its_tries) {
  driven it(2);
  give_up(it, 1);
  EXPECT_EQ(revive(it, 0), "fork 1");
  EXPECT_EQ(it.ends(1), "wait 1 100") << "back-off and count begin anew";
  for (int n = 0; n < 3; ++n) {
    it.after(seconds(2));
    it.ends(1);
    EXPECT_EQ(it.subject.state(1), slot_state::backoff);
  }
  it.after(seconds(2));
  it.ends(1);
  EXPECT_EQ(it.subject.state(1), slot_state::failed);
}

TEST(plan_revive, also_one_that_asked_not_to_be_started_again) {
  driven it(2);
  it.ends(1, exit_status::exited(exit_do_not_restart));
  EXPECT_EQ(revive(it, 0), "fork 1");
}

TEST(plan_revive, leaves_those_alone_who_work_or_wait_or_are_not_wanted) {
  driven it(3);
  it.ready(0);
  it.ends(1);
  EXPECT_EQ(revive(it, 0), "");
  EXPECT_EQ(it.subject.state(1), slot_state::backoff);
}

TEST(plan_revive, opens_a_group_that_was_closed) {
  driven it(std::vector<std::size_t>{1, 1});
  it.ready(1);
  give_up(it, 0);
  EXPECT_TRUE(it.subject.is_closed(0));
  EXPECT_EQ(scale(it, 0, 2), "") << "a closed group is not scaled";
  EXPECT_EQ(revive(it, 0), "fork 0");
  EXPECT_FALSE(it.subject.is_closed(0));
}

TEST(plan_stay, with_all_given_up_it_stays_for_the_operator_and_stops_when_told) {
  auto it = staying({1});
  give_up(it, 0);
  EXPECT_EQ(it.subject.now_in(), plan::phase::running);
  EXPECT_TRUE(it.subject.is_closed(0));
  EXPECT_TRUE(it.subject.next_time().is_never()) << "nothing is left to wake up for";
  EXPECT_EQ(revive(it, 0), "fork 0");
  give_up(it, 0);
  EXPECT_EQ(it.order(master_order::graceful), "hold, close, leave 0");
}

TEST(plan_stay, when_all_asked_not_to_be_started_again_it_leaves_all_the_same) {
  auto it = staying({1});
  EXPECT_EQ(it.ends(0, exit_status::exited(exit_do_not_restart)), "disabled 0, leave 125");
}

}  // namespace
}  // namespace samjoko::supervise

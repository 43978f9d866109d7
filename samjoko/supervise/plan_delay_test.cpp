// After the order to stop a service may still accept for a while: load balancers hear of the stop
// before a client is refused.
#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::supervise {
namespace {

plan_settings delayed(std::vector<std::size_t> workers = {2}) {
  auto made = driven::settings(std::move(workers), 8);
  made.drain_delay = seconds(5);
  return made;
}

driven serving(plan_settings made = delayed()) {
  driven it(std::move(made));
  for (std::size_t slot = 0; slot < it.subject.slots(); ++slot) it.ready(slot);
  it.after(seconds(1));
  return it;
}

TEST(plan_delay, accepts_for_so_long_and_then_drains) {
  auto it = serving();
  EXPECT_EQ(it.order(master_order::graceful), "delay");
  EXPECT_EQ(it.subject.now_in(), plan::phase::announced);
  EXPECT_EQ(it.subject.next_time().at(), it.now + seconds(5));
  EXPECT_EQ(it.after(seconds(5) - milliseconds(1)), "");
  EXPECT_EQ(it.after(milliseconds(1)), "hold, graceful 0, graceful 1, close");
  EXPECT_EQ(it.subject.now_in(), plan::phase::draining);
  EXPECT_EQ(it.subject.patience().at(), it.now + seconds(30)) << "the stop's limit begins here";
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "");
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "leave 0");
}

TEST(plan_delay, a_second_order_drains_and_a_third_stops_at_once) {
  auto it = serving();
  EXPECT_EQ(it.order(master_order::graceful), "delay");
  EXPECT_EQ(it.order(master_order::graceful), "") << "the same order, sent twice";
  it.after(milliseconds(20));
  EXPECT_EQ(it.order(master_order::graceful), "hold, graceful 0, graceful 1, close");
  EXPECT_EQ(it.order(master_order::graceful), "");
  it.after(milliseconds(20));
  EXPECT_EQ(it.order(master_order::graceful), "immediate 0, immediate 1");
}

TEST(plan_delay, an_immediate_stop_waits_for_nothing) {
  auto it = serving();
  it.order(master_order::graceful);
  EXPECT_EQ(it.order(master_order::immediate), "close, immediate 0, immediate 1");
  EXPECT_EQ(it.subject.now_in(), plan::phase::stopping);
}

TEST(plan_delay, who_dies_meanwhile_is_replaced) {
  auto it = serving();
  it.order(master_order::graceful);
  EXPECT_EQ(it.ends(1), "fork 1");
  it.ready(1);
  EXPECT_EQ(it.after(seconds(5)), "hold, graceful 0, graceful 1, close");
}

TEST(plan_delay, nobody_is_added_or_revived_meanwhile) {
  auto it = serving();
  it.order(master_order::graceful);
  EXPECT_EQ(it.order(master_order::one_more), "");
  EXPECT_EQ(it.order(master_order::one_less), "");
  EXPECT_EQ(text_of(it.subject.on_scale(0, 5, it.now)), "");
  EXPECT_EQ(text_of(it.subject.on_revive(0, it.now)), "");
}

TEST(plan_delay, a_service_whose_helper_was_given_up_does_not_wait) {
  auto made = delayed({1, 1});
  made.helper_groups = 1;
  driven it(std::move(made));
  it.ready(0);
  it.after(seconds(1));
  std::string last;
  for (int n = 0; n < 5; ++n) {
    last = it.ends(1, exit_status::exited(1));
    it.after(seconds(12));
  }
  EXPECT_NE(last.find("hold, graceful 0"), std::string::npos) << last;
}

}  // namespace
}  // namespace samjoko::supervise

#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::supervise {
namespace {

TEST(plan, starts_all_workers) {
  driven it(3);
  EXPECT_EQ(it.began, "fork 0, fork 1, fork 2");
  for (std::size_t slot = 0; slot < 3; ++slot) it.grow(slot);
  EXPECT_TRUE(it.subject.next_time().is_never());
}

// A worker that hung before it was ready went unnoticed: it was neither dead nor serving.
TEST(plan, a_worker_that_is_never_ready_is_ended_and_counts_as_a_failed_boot) {
  driven it(1);
  for (const int delay : {100, 200, 400}) {
    EXPECT_EQ(it.subject.next_time().at(), it.now + seconds(30));
    EXPECT_EQ(it.after(seconds(30) - milliseconds(1)), "");
    EXPECT_EQ(it.after(milliseconds(1)), "boot 0, immediate 0");
    EXPECT_EQ(it.ready(0), "") << "too late";
    EXPECT_EQ(it.after(seconds(1)), "kill 0");
    EXPECT_EQ(it.ends(0, exit_status::killed(SIGKILL)), fmt::format("wait 0 {}", delay));
    EXPECT_EQ(it.after(milliseconds(delay)), "fork 0");
  }
  it.grow(0);
  EXPECT_EQ(it.after(std::chrono::hours(1)), "");
}

TEST(plan, a_worker_is_settling_until_it_has_been_ready_for_a_second) {
  driven it(1);
  EXPECT_EQ(it.subject.state(0), slot_state::starting);
  it.after(seconds(29));
  EXPECT_EQ(it.subject.state(0), slot_state::starting);  // however long the boot took
  it.ready(0);
  EXPECT_EQ(it.subject.next_time().at(), it.now + seconds(1));
  it.after(milliseconds(999));
  EXPECT_EQ(it.subject.state(0), slot_state::settling);
  it.after(milliseconds(1));
  EXPECT_EQ(it.subject.state(0), slot_state::stable);
}

TEST(plan, a_grown_worker_is_replaced_at_once_and_for_ever) {
  driven it(1);
  for (int i = 0; i < 1000; ++i) {
    it.grow(0);
    ASSERT_EQ(it.ends(0, i % 2 == 0 ? exit_status::killed(SIGSEGV) : exit_status::exited(i % 100)),
              "fork 0");
  }
}

TEST(plan, growing_is_judged_by_the_clock_and_not_by_when_the_timer_ran) {
  driven it(1);
  it.ready(0);
  it.now += seconds(2);
  EXPECT_EQ(it.ends(0), "fork 0");
}

TEST(plan, deaths_while_settling_back_off_doubling_and_the_fifth_gives_up) {
  driven it(2);
  it.grow(1);
  for (const int delay : {100, 200, 400, 800}) {
    EXPECT_EQ(it.ends(0), fmt::format("wait 0 {}", delay));
    EXPECT_EQ(it.after(milliseconds(delay - 1)), "");
    EXPECT_EQ(it.after(milliseconds(1)), "fork 0");
  }
  EXPECT_EQ(it.ends(0), "failed 0");
  EXPECT_EQ(it.after(std::chrono::hours(24)), "");
  EXPECT_EQ(it.subject.state(0), slot_state::failed);
  EXPECT_EQ(it.subject.now_in(), plan::phase::running);  // the other one serves
}

// Four workers that each had served hundreds of clients were given up within 2.4 s.
TEST(plan, one_that_had_served_is_replaced_at_once_and_never_given_up) {
  driven it(1);
  for (int i = 0; i < 300; ++i) {
    it.ready(0);
    ASSERT_EQ(text_of(it.subject.on_ended(0, exit_status::killed(SIGSEGV), it.now, true)),
              "fork 0");
    it.after(milliseconds(100));
  }
}

TEST(plan, a_rate_holds_back_those_that_had_served_and_one_waits_no_longer_than_its_share) {
  driven it(1);
  for (int i = 0; i < 20; ++i) {
    it.ready(0);
    ASSERT_EQ(text_of(it.subject.on_ended(0, exit_status::killed(SIGSEGV), it.now, true)),
              "fork 0");
  }
  for (int i = 0; i < 300; ++i) {
    it.ready(0);
    ASSERT_EQ(text_of(it.subject.on_ended(0, exit_status::killed(SIGSEGV), it.now, true)),
              "wait 0 50");
    ASSERT_EQ(it.after(milliseconds(50)), "fork 0");
  }
}

TEST(plan, one_that_was_not_ready_has_served_nobody_whatever_it_counts) {
  driven it(1);
  EXPECT_EQ(text_of(it.subject.on_ended(0, exit_status::killed(SIGSEGV), it.now, true)),
            "wait 0 100");
}

TEST(plan, slow_failures_back_off_up_to_ten_seconds_and_do_not_give_up) {
  driven it(1);
  for (const int delay : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000, 10'000}) {
    it.after(seconds(20));  // a boot that takes long, and fails
    ASSERT_EQ(it.ends(0), fmt::format("wait 0 {}", delay));
    ASSERT_EQ(it.after(milliseconds(delay)), "fork 0");
  }
}

TEST(plan, growing_forgives_the_back_off) {
  driven it(1);
  it.ends(0);
  it.after(milliseconds(100));
  EXPECT_EQ(it.ends(0), "wait 0 200");
  it.after(milliseconds(200));
  it.grow(0);
  EXPECT_EQ(it.ends(0), "fork 0");
  EXPECT_EQ(it.ends(0), "wait 0 100");
}

TEST(plan, five_failures_give_up_only_within_a_minute) {
  driven it(1);
  it.ends(0);
  it.after(milliseconds(100));
  for (int i = 0; i < 3; ++i) {
    it.ends(0);
    it.after(seconds(1));
  }
  it.after(seconds(57));
  EXPECT_TRUE(it.ends(0).starts_with("wait")) << "the first of the five is a minute old";
  it.after(seconds(2));
  EXPECT_EQ(it.ends(0), "wait 0 3200") << "five within 60.1 s";
}

TEST(plan, a_failing_fork_is_tried_again_soon_and_never_gives_up) {
  driven it(1);
  EXPECT_EQ(it.no_fork(0), "wait 0 100");
  it.after(milliseconds(100));
  EXPECT_EQ(it.no_fork(0), "wait 0 200");
  it.after(milliseconds(200));
  EXPECT_EQ(it.no_fork(0), "wait 0 400");
  it.after(milliseconds(400));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(it.no_fork(0), "wait 0 500");
    ASSERT_EQ(it.after(milliseconds(500)), "fork 0");
  }
  it.ready(0);
  EXPECT_EQ(it.ends(0), "wait 0 100") << "and it does not count as a death";
}

TEST(plan, a_fork_that_fails_when_a_stop_has_come_meanwhile_ends_the_stop) {
  for (const auto order : {master_order::graceful, master_order::immediate}) {
    driven it(1);
    it.no_fork(0);
    it.now += milliseconds(100);  // due at the very moment of the order
    const auto done = it.order(order);
    EXPECT_TRUE(done.starts_with("fork 0, ")) << done;
    EXPECT_EQ(it.no_fork(0), "leave 0");
  }
}

TEST(plan, code_125_is_not_started_again) {
  driven it(2);
  it.grow(0);
  it.grow(1);
  EXPECT_EQ(it.ends(0, exit_status::exited(125)), "disabled 0");
  EXPECT_EQ(it.ends(1, exit_status::exited(125)), "disabled 1, leave 125");
}

TEST(plan, ends_with_an_error_when_every_worker_is_given_up) {
  driven it(2);
  for (int i = 0; i < 4; ++i) {
    it.ends(0);
    it.after(seconds(1));
  }
  EXPECT_EQ(it.ends(0), "failed 0");
  EXPECT_EQ(it.ends(1, exit_status::exited(125)), "disabled 1, leave 3");
  EXPECT_EQ(it.subject.now_in(), plan::phase::over);
}

TEST(plan, a_graceful_stop_holds_then_tells_then_closes) {
  driven it(2);
  it.grow(0);
  EXPECT_EQ(it.order(master_order::graceful), "hold, graceful 0, graceful 1, close");
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "");
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "leave 0");
}

TEST(plan, a_drain_that_takes_too_long_is_cut_then_killed_and_still_clean) {
  driven it(1);
  it.grow(0);
  it.order(master_order::graceful);
  EXPECT_EQ(it.subject.next_time().at(), it.now + seconds(30));
  EXPECT_EQ(it.after(milliseconds(29'999)), "");
  EXPECT_EQ(it.after(milliseconds(1)), "overrun 0, immediate 0");
  EXPECT_EQ(it.after(milliseconds(999)), "");
  EXPECT_EQ(it.after(milliseconds(1)), "kill 0");
  EXPECT_TRUE(it.subject.next_time().is_never());
  EXPECT_EQ(it.ends(0, exit_status::killed(SIGKILL)), "leave 0");
}

TEST(plan, a_second_order_is_immediate_and_a_third_kills) {
  driven it(2);
  it.order(master_order::graceful);
  it.ends(0, exit_status::exited(0));
  it.after(milliseconds(50));
  EXPECT_EQ(it.order(master_order::graceful), "immediate 1");
  it.after(milliseconds(50));
  EXPECT_EQ(it.order(master_order::graceful), "kill 1");
  EXPECT_EQ(it.ends(1, exit_status::killed(SIGKILL)), "leave 0");
}

TEST(plan, the_same_order_twice_at_one_moment_is_one) {
  driven it(1);
  it.order(master_order::graceful);
  it.now += milliseconds(9);
  EXPECT_EQ(it.order(master_order::graceful), "");
  EXPECT_EQ(it.order(master_order::immediate), "immediate 0");  // another order, at any moment
  EXPECT_EQ(it.order(master_order::immediate), "");
}

TEST(plan, an_immediate_stop_needs_no_drain) {
  driven it(2);
  it.grow(0);
  it.grow(1);
  EXPECT_EQ(it.order(master_order::immediate), "close, immediate 0, immediate 1");
  it.ends(0, exit_status::exited(0));
  EXPECT_EQ(it.ends(1, exit_status::exited(0)), "leave 0");
}

TEST(plan, a_stop_while_nobody_runs_is_over_at_once) {
  driven it(1);
  it.ends(0);
  ASSERT_EQ(it.subject.state(0), slot_state::backoff);
  EXPECT_EQ(it.order(master_order::graceful), "hold, close, leave 0");
}

TEST(plan, a_worker_that_dies_in_a_stop_is_not_replaced) {
  driven it(1);
  it.grow(0);
  it.order(master_order::graceful);
  EXPECT_EQ(it.ends(0), "leave 0");
}

TEST(plan, one_more_and_one_less) {
  driven it(1, 3);
  it.grow(0);
  EXPECT_EQ(it.order(master_order::one_more), "fork 1, scale 2");
  EXPECT_EQ(it.order(master_order::one_more), "fork 2, scale 3");
  EXPECT_EQ(it.order(master_order::one_more), "");  // there may not be more
  EXPECT_EQ(it.order(master_order::one_less), "graceful 2, scale 2");
  EXPECT_EQ(it.ends(2, exit_status::exited(0)), "");
  EXPECT_EQ(it.order(master_order::one_more), "fork 2, scale 3");  // the place is used again
  EXPECT_EQ(it.order(master_order::one_less), "graceful 2, scale 2");
  EXPECT_EQ(it.order(master_order::one_less), "graceful 1, scale 1");
  EXPECT_EQ(it.order(master_order::one_less), "");  // one always stays
  EXPECT_EQ(it.subject.wanted(), 1U);
}

// "One less" took the last slot, alive or not. With the other slots failed that was the only worker
// left, and the service ended. The simulation found it.
TEST(plan, one_less_takes_the_place_of_one_that_was_given_up_first) {
  driven it(2);
  it.grow(1);
  EXPECT_EQ(it.ends(0, exit_status::exited(125)), "disabled 0");
  EXPECT_EQ(it.order(master_order::one_less), "scale 1");
  EXPECT_EQ(it.subject.state(0), slot_state::empty);
  EXPECT_EQ(it.subject.state(1), slot_state::stable);
  EXPECT_EQ(it.order(master_order::one_less), "");  // it is the last one
}

TEST(plan, nobody_is_scaled_in_a_stop) {
  driven it(2);
  it.order(master_order::graceful);
  EXPECT_EQ(it.order(master_order::one_more), "");
  EXPECT_EQ(it.order(master_order::one_less), "");
}

TEST(plan, a_grown_worker_that_leaves_is_succeeded_at_once) {
  driven it(1);
  it.grow(0);
  EXPECT_EQ(it.leaves(0), "fork 1");
  EXPECT_EQ(it.leaves(0), "");  // said twice
  EXPECT_EQ(it.subject.wanted(), 1U);
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "");
  it.grow(1);
  EXPECT_EQ(it.leaves(1), "fork 0");
}

TEST(plan, without_a_free_slot_the_successor_waits_for_the_end) {
  driven it(1, 1);
  it.grow(0);
  EXPECT_EQ(it.leaves(0), "");
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "fork 0");
}

TEST(plan, leaving_while_settling_is_a_failure_like_any_other) {
  driven it(1);
  it.ready(0);
  EXPECT_EQ(it.leaves(0), "");
  EXPECT_EQ(it.ends(0, exit_status::exited(0)), "wait 0 100");
}

TEST(plan, a_leaver_that_hangs_is_cut_and_killed_while_the_service_goes_on) {
  driven it(1);
  it.grow(0);
  it.leaves(0);
  it.grow(1);
  EXPECT_EQ(it.after(seconds(30)), "overrun 0, immediate 0");
  EXPECT_EQ(it.after(seconds(1)), "kill 0");
  EXPECT_EQ(it.ends(0, exit_status::killed(SIGKILL)), "");
  EXPECT_EQ(it.subject.now_in(), plan::phase::running);
}

TEST(plan_death, impossible_events_are_our_bugs) {
  driven it(1);
  EXPECT_DEATH(it.ends(0, exit_status::from_wait(0xffff)), "has not ended");
  it.ends(0);
  EXPECT_DEATH(it.ends(0), "does not know");
  EXPECT_DEATH(it.no_fork(0), "only a starting worker");
}

}  // namespace
}  // namespace samjoko::supervise

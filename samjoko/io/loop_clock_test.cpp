#include <gtest/gtest.h>

#include <samjoko/io/testing/contract_bed.hpp>

namespace samjoko::io {
namespace {

// The coarse clock was taken to be at most one tick behind, and deadlines came 2 ms early.
void expect_a_deadline_that_is_not_early(const loop& on) {
  constexpr milliseconds time(20);
  for (int i = 0; i < 1000; ++i) {
    const auto before = on.now();
    const auto moment = on.deadline_after(time).at();
    const auto after = on.now();
    ASSERT_GE(moment, before + time);
    ASSERT_LE(moment, after + time + os::coarse_lag());
  }
}

TEST(loop_clock, a_deadline_is_never_early_and_late_by_less_than_the_coarse_clock) {
  expect_a_deadline_that_is_not_early(blocking_loop());
  expect_a_deadline_that_is_not_early(epoll_loop());
}

TEST(loop_clock, a_simulated_loop_counts_by_its_own_clock) {
  const simulated_loop on(1);
  EXPECT_EQ(on.deadline_after(milliseconds(20)).at(), on.now() + milliseconds(20));
}

}  // namespace
}  // namespace samjoko::io

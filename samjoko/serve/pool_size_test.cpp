#include <gtest/gtest.h>

#include <samjoko/serve/pool_size.hpp>

namespace samjoko::serve {
namespace {

using std::chrono::seconds;

constexpr steady::time_point start{seconds(1000)};

TEST(pool_size, begins_with_its_minimum) {
  const pool_size size(4, 8, seconds(10));
  EXPECT_EQ(size.grow_by(0, 0, start), 4u);
  EXPECT_EQ(size.grow_by(3, 3, start), 1u);
  EXPECT_EQ(size.grow_by(4, 4, start), 0u);
}

TEST(pool_size, has_room_for_one_at_least) {
  const pool_size size(0, 0, seconds(10));
  EXPECT_EQ(size.grow_by(0, 0, start), 1u);
  EXPECT_TRUE(size.is_full(1));
}

TEST(pool_size, grows_by_one_while_nobody_waits) {
  const pool_size size(2, 4, seconds(10));
  EXPECT_EQ(size.grow_by(2, 1, start), 0u);
  EXPECT_EQ(size.grow_by(2, 0, start), 1u);
  EXPECT_FALSE(size.is_full(3));
  EXPECT_EQ(size.grow_by(4, 0, start), 0u);
  EXPECT_TRUE(size.is_full(4));
}

TEST(pool_size, is_full_while_there_is_no_room_and_tries_again_later) {
  pool_size size(2, 8, seconds(10));
  EXPECT_TRUE(size.next_try(start).is_never());
  size.could_not_grow(start, milliseconds(100));
  EXPECT_TRUE(size.is_full(2));
  EXPECT_EQ(size.grow_by(1, 0, start + milliseconds(99)), 0u);
  EXPECT_EQ(size.next_try(start).at(), start + milliseconds(100));
  EXPECT_EQ(size.grow_by(2, 0, start + milliseconds(100)), 1u);
  EXPECT_TRUE(size.next_try(start + milliseconds(100)).is_never()) << "nothing to wake up for";
  size.has_grown();
  EXPECT_FALSE(size.is_full(3));
}

TEST(pool_size, shrinks_by_what_waited_throughout_a_window) {
  pool_size size(2, 50, seconds(10));
  EXPECT_EQ(size.shrink_by(10, 8, start), 0u) << "the first window only begins";
  EXPECT_EQ(size.shrink_by(10, 5, start + seconds(4)), 0u);
  EXPECT_EQ(size.shrink_by(10, 9, start + seconds(9)), 0u);
  EXPECT_EQ(size.shrink_by(10, 9, start + seconds(10)), 4u) << "one that waits is no surplus";
}

TEST(pool_size, does_not_shrink_after_a_moment_without_anybody_waiting) {
  pool_size size(2, 50, seconds(10));
  EXPECT_EQ(size.shrink_by(10, 8, start), 0u);
  size.saw_none_waiting();
  EXPECT_EQ(size.shrink_by(10, 8, start + seconds(10)), 0u);
  EXPECT_EQ(size.shrink_by(10, 8, start + seconds(20)), 7u);
}

TEST(pool_size, does_not_shrink_below_its_minimum) {
  pool_size size(4, 50, seconds(10));
  EXPECT_EQ(size.shrink_by(6, 6, start), 0u);
  EXPECT_EQ(size.next_look(6), deadline(start + seconds(10)));
  EXPECT_EQ(size.shrink_by(6, 6, start + seconds(10)), 2u);
  EXPECT_EQ(size.shrink_by(4, 4, start + seconds(20)), 0u);
  EXPECT_EQ(size.shrink_by(3, 3, start + seconds(30)), 0u);
  EXPECT_TRUE(size.next_look(3).is_never()) << "a pool at its least sleeps";
}

}  // namespace
}  // namespace samjoko::serve

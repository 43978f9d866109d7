#include <samjoko/proto/range.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace samjoko::proto {
namespace {

using answer = range_set::answer;
using ranges = std::vector<byte_range>;

ranges partial(std::string_view value, std::uint64_t size) {
  const auto found = parse_range(value, size);
  EXPECT_EQ(found.verdict(), answer::partial) << value;
  return {found.ranges().begin(), found.ranges().end()};
}

TEST(range, one) {
  EXPECT_EQ(partial("bytes=0-0", 100), (ranges{{0, 1}}));
  EXPECT_EQ(partial("bytes=10-19", 100), (ranges{{10, 10}}));
  EXPECT_EQ(partial("bytes=10-", 100), (ranges{{10, 90}}));
  EXPECT_EQ(partial("bytes=10-1000", 100), (ranges{{10, 90}}));
  EXPECT_EQ(partial("bytes=-10", 100), (ranges{{90, 10}}));
  EXPECT_EQ(partial("bytes=-1000", 100), (ranges{{0, 100}}));
  EXPECT_EQ(partial("BYTES= 10-19\t", 100), (ranges{{10, 10}}));
}

TEST(range, several_in_the_order_asked_for) {
  EXPECT_EQ(partial("bytes=50-59, 0-9,-1", 100), (ranges{{50, 10}, {0, 10}, {99, 1}}));
  EXPECT_EQ(partial("bytes=,0-9, ,", 100), (ranges{{0, 10}}));
  EXPECT_EQ(partial("bytes=0-9,200-", 100), (ranges{{0, 10}}));
}

TEST(range, numbers_beyond_64_bits_are_behind_the_end) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(partial("bytes=5-99999999999999999999999", 10), (ranges{{5, 5}}));
  EXPECT_EQ(partial("bytes=-99999999999999999999999", 10), (ranges{{0, 10}}));
  EXPECT_EQ(partial("bytes=1-18446744073709551615", largest), (ranges{{1, largest - 1}}));
  EXPECT_EQ(parse_range("bytes=99999999999999999999999-", 10).verdict(), answer::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=0-18446744073709551614,0-", largest).verdict(), answer::whole);
}

TEST(range, nothing_of_it_is_there) {
  for (const std::string_view value :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=100-,200-"}) {
    EXPECT_EQ(parse_range(value, 100).verdict(), answer::unsatisfiable) << value;
  }
}

TEST(range, no_valid_set) {
  for (const std::string_view value :
       {"bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=+1-2",
        "bytes=1 -2", "bytes=0-1,x", "bytes=--1", "bytes=0-9;1-2", "bytes=,"}) {
    EXPECT_EQ(parse_range(value, 100).verdict(), answer::unsatisfiable) << value;
    EXPECT_TRUE(parse_range(value, 100).ranges().empty()) << value;
  }
}

TEST(range, is_ignored) {
  for (const std::string_view value : {"", "bytes", "lines=0-1", "bytes =0-1", "=0-1"}) {
    EXPECT_EQ(parse_range(value, 100).verdict(), answer::whole) << value;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).verdict(), answer::whole);
  EXPECT_EQ(parse_range("bytes=-5", 0).verdict(), answer::whole);
}

TEST(range, too_many_or_overlapping_give_the_whole) {
  std::string value = "bytes=0-0";
  for (std::size_t i = 1; i < range_set::most; ++i) value += ",0-0";
  EXPECT_EQ(parse_range(value, 100).ranges().size(), range_set::most);
  EXPECT_EQ(parse_range(value, 10).verdict(), answer::whole);
  value += ",0-0";
  EXPECT_EQ(parse_range(value, 100).verdict(), answer::whole);
  EXPECT_EQ(parse_range("bytes=0-59,40-99", 100).verdict(), answer::whole);
}

}  // namespace
}  // namespace samjoko::proto

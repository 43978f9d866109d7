#include <samjoko/web/stored_file.hpp>

#include <gtest/gtest.h>

#include <set>

namespace samjoko::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using time_of_day = stored_file::time_of_day;

constexpr std::int64_t second = 1'000'000'000;

os::file_facts facts_of(std::int64_t changed) {
  return {.kind = os::file_kind::regular,
          .size = 10,
          .modified = 1'700'000'000,
          .modified_nanoseconds = 5,
          .changed = changed,
          .device = 1,
          .number = 7};
}

stored_file made(const os::file_facts& facts, time_of_day looked) {
  return {os::descriptor(), facts, "text/plain", looked};
}

TEST(stored_file, is_settled_when_another_change_would_be_told_apart) {
  const auto fine = 1'700'000'000 * second + 123;
  const auto coarse = 1'700'000'000 * second;
  EXPECT_EQ(stored_file::settles(facts_of(fine)),
            time_of_day(nanoseconds(fine)) + milliseconds(20));
  EXPECT_EQ(stored_file::settles(facts_of(coarse)),
            time_of_day(nanoseconds(coarse)) + milliseconds(2000));
  const auto young = made(facts_of(fine), time_of_day(nanoseconds(fine)) + milliseconds(19));
  EXPECT_FALSE(young.is_settled());
  EXPECT_EQ(young.lines(1'800'000'000).find("ETag"), std::string_view::npos);
  const auto old = made(facts_of(fine), time_of_day(nanoseconds(fine)) + milliseconds(20));
  EXPECT_TRUE(old.is_settled());
  EXPECT_NE(old.validators(1'800'000'000).find("ETag: " + old.etag), std::string_view::npos);
  // A change time ahead of our clock proves nothing.
  EXPECT_FALSE(made(facts_of(fine), time_of_day(nanoseconds(fine - second))).is_settled());
}

TEST(stored_file, every_fact_counts_in_the_tag) {
  const auto late = time_of_day(nanoseconds(1'800'000'000 * second));
  const auto first = facts_of(1'700'000'000 * second + 123);
  std::set<std::string> tags{made(first, late).etag};
  const auto add = [&](auto change) {
    auto facts = first;
    change(facts);
    tags.insert(made(facts, late).etag);
  };
  add([](auto& facts) { ++facts.size; });
  add([](auto& facts) { ++facts.modified; });
  add([](auto& facts) { ++facts.modified_nanoseconds; });
  add([](auto& facts) { ++facts.changed; });
  add([](auto& facts) { ++facts.number; });
  EXPECT_EQ(tags.size(), 6U);
}

TEST(stored_file, last_modified_is_never_later_than_now) {
  const auto facts = facts_of(1'700'000'000 * second + 123);
  const auto file = made(facts, time_of_day(nanoseconds(facts.changed)));
  EXPECT_NE(file.lines(1'600'000'000).find("Last-Modified: Sun, 13 Sep 2020 12:26:40 GMT"),
            std::string_view::npos);
  EXPECT_NE(file.lines(1'700'000'001).find("Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"),
            std::string_view::npos);
}

}  // namespace
}  // namespace samjoko::web

#include <samjoko/proto/http_date.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

constexpr std::time_t example = 784111777;  // the RFC's own, in 1994
constexpr std::time_t year_2026 = 1767225600;

std::string formatted(std::time_t when) {
  std::array<char, http_date_size> out{};
  format_http_date(when, out);
  return {out.data(), out.size()};
}

TEST(http_date, formats_the_fixed_form) {
  EXPECT_EQ(formatted(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(formatted(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(formatted(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(formatted(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(formatted(4107542399), "Sun, 28 Feb 2100 23:59:59 GMT");
}

TEST(http_date, years_of_more_than_four_digits_stay_in_their_room) {
  EXPECT_EQ(formatted(std::numeric_limits<std::time_t>::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(formatted(std::numeric_limits<std::time_t>::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(http_date, parses_the_three_forms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", year_2026), example);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", year_2026), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", year_2026), example);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", year_2026), example + 10 * 86400);
}

TEST(http_date, every_day_comes_back) {
  for (std::time_t when = 0; when < 86400L * 366 * 140; when += 86400 + 3601) {
    ASSERT_EQ(parse_http_date(formatted(when), year_2026), when);
  }
}

TEST(http_date, two_digits_of_a_year_are_at_most_fifty_ahead) {
  EXPECT_EQ(parse_http_date("Wednesday, 01-Jan-76 00:00:00 GMT", year_2026), 3345062400);  // 2076
  EXPECT_EQ(parse_http_date("Saturday, 01-Jan-77 00:00:00 GMT", year_2026), 220924800);    // 1977
}

TEST(http_date, refuses_all_else) {
  for (const std::string_view text : {
           "",
           "S",
           "Sun",
           "Sun,",
           "0",
           "784111777",
           "Sun, 06 Nov 1994 08:49:37",         // no zone
           "Sun, 06 Nov 1994 08:49:37 UTC",     // another zone
           "Sun, 06 Nov 1994 08:49:37 GMT ",    // more behind
           "Sun, 6 Nov 1994 08:49:37 GMT",      // one digit
           "Mon, 06 Nov 1994 08:49:37 GMT",     // it was a Sunday
           "sun, 06 nov 1994 08:49:37 gmt",     // names know case
           "Sun, 06 ovD 1994 08:49:37 GMT",     // between two names
           "Sun, 31 Nov 1994 08:49:37 GMT",     // no such day
           "Tue, 29 Feb 1994 08:49:37 GMT",     // no leap year
           "Sun, 06 Nov 1994 24:00:00 GMT",     // no such hour
           "Sun, 06 Nov 1994 08:60:37 GMT",     // no such minute
           "Sun, 06 Nov 1994 08:49:60 GMT",     // leap second
           "Sun, 06 Nov 1994 08:49:+7 GMT",     // sign
           "Sun, 00 Nov 1994 08:49:37 GMT",     // no day
           "Sunday, 06-Nov-1994 08:49:37 GMT",  // four digits in the old form
           "Sun Nov 6 08:49:37 1994",           // day without its space
           "Sun Nov  6 08:49:37 1994 GMT",      // zone in asctime
           "2026-01-01T00:00:00Z",
       }) {
    EXPECT_EQ(parse_http_date(text, year_2026), std::nullopt) << text;
  }
}

std::string_view text(std::span<const char> line) { return {line.data(), line.size()}; }

TEST(date_cache, writes_anew_when_the_second_changes) {
  date_cache cache;
  EXPECT_EQ(text(cache.line(-1)), "Date: Wed, 31 Dec 1969 23:59:59 GMT\r\n");
  EXPECT_EQ(text(cache.line(example)), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(cache.line(example).data(), cache.line(example).data());
  EXPECT_EQ(text(cache.line(example + 1)), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(text(cache.line(example)), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}

}  // namespace
}  // namespace samjoko::proto

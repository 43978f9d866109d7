#include <samjoko/proto/conditional.hpp>

#include <samjoko/proto/http1_parser.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

constexpr std::time_t modified = 784111777;
constexpr std::time_t now = modified + 1000;
constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view after = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr validators strong{"\"a\"", modified};
constexpr validators weak{"W/\"a\"", modified};

/// A request with these header lines, together with the bytes that it refers to.
struct asked {
  std::string head;
  request parsed;

  explicit asked(const std::string& lines, std::string_view method = "GET")
      : head(std::string(method) + " / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n") {
    EXPECT_TRUE(parse_head(head, {}, parsed)) << head;
  }
};

std::string line(std::string_view name, std::string_view value) {
  return std::string(name).append(": ").append(value).append("\r\n");
}

precondition judge(const std::string& lines, std::string_view method = "GET",
                   const validators& current = strong) {
  const asked from(lines, method);
  return evaluate(from.parsed, current, now);
}

TEST(etag_listed, finds_by_weak_and_strong_comparison) {
  EXPECT_TRUE(etag_listed("*", "\"a\"", true));
  EXPECT_TRUE(etag_listed("\"a\"", "\"a\"", true));
  EXPECT_TRUE(etag_listed("\"b\" , \"a\"", "\"a\"", true));
  EXPECT_TRUE(etag_listed(",, \"a,b\",\"a\"", "\"a\"", true));
  EXPECT_TRUE(etag_listed("W/\"a\"", "\"a\"", false));
  EXPECT_TRUE(etag_listed("\"a\"", "W/\"a\"", false));
  EXPECT_FALSE(etag_listed("W/\"a\"", "\"a\"", true));
  EXPECT_FALSE(etag_listed("W/\"a\"", "W/\"a\"", true));
  EXPECT_FALSE(etag_listed("\"A\"", "\"a\"", false));
}

TEST(etag_listed, believes_nothing_malformed) {
  for (const std::string_view list : {"", ",", "a", "\"a", "a\"", "w/\"a\"", "\"b\"x,\"a\"",
                                      "\"b\" \"a\"", "*, \"a\"", "\"a b\"", "b,\"a\""}) {
    EXPECT_FALSE(etag_listed(list, "\"a\"", false)) << list;
  }
  EXPECT_FALSE(etag_listed("\"a\"", "", false));
}

TEST(precondition, none) { EXPECT_EQ(judge(""), precondition::holds); }

TEST(precondition, if_match) {
  EXPECT_EQ(judge(line("If-Match", "\"a\"")), precondition::holds);
  EXPECT_EQ(judge(line("If-Match", "*")), precondition::holds);
  EXPECT_EQ(judge(line("If-Match", "\"b\"")), precondition::failed);
  EXPECT_EQ(judge(line("If-Match", "\"a\""), "GET", weak), precondition::failed);
  EXPECT_EQ(judge(line("If-Match", "\"b\"") + line("if-match", "\"a\"")), precondition::holds);
}

TEST(precondition, if_unmodified_since) {
  EXPECT_EQ(judge(line("If-Unmodified-Since", same)), precondition::holds);
  EXPECT_EQ(judge(line("If-Unmodified-Since", after)), precondition::holds);
  EXPECT_EQ(judge(line("If-Unmodified-Since", before)), precondition::failed);
  EXPECT_EQ(judge(line("If-Unmodified-Since", "yesterday")), precondition::holds);
  // If-Match decides alone.
  EXPECT_EQ(judge(line("If-Match", "\"a\"") + line("If-Unmodified-Since", before)),
            precondition::holds);
}

TEST(precondition, if_none_match) {
  EXPECT_EQ(judge(line("If-None-Match", "\"a\"")), precondition::not_modified);
  EXPECT_EQ(judge(line("If-None-Match", "\"a\""), "HEAD"), precondition::not_modified);
  EXPECT_EQ(judge(line("If-None-Match", "\"a\""), "PUT"), precondition::failed);
  EXPECT_EQ(judge(line("If-None-Match", "*"), "PUT"), precondition::failed);
  EXPECT_EQ(judge(line("If-None-Match", "\"b\"")), precondition::holds);
  EXPECT_EQ(judge(line("If-None-Match", "\"a\""), "GET", weak), precondition::not_modified);
  EXPECT_EQ(judge(line("If-None-Match", "\"b\"") + line("If-None-Match", "\"a\"")),
            precondition::not_modified);
}

TEST(precondition, if_modified_since) {
  EXPECT_EQ(judge(line("If-Modified-Since", same)), precondition::not_modified);
  EXPECT_EQ(judge(line("If-Modified-Since", after)), precondition::not_modified);
  EXPECT_EQ(judge(line("If-Modified-Since", before)), precondition::holds);
  EXPECT_EQ(judge(line("If-Modified-Since", same), "PUT"), precondition::holds);
  EXPECT_EQ(judge(line("If-Modified-Since", "0")), precondition::holds);
  EXPECT_EQ(judge(line("If-Modified-Since", same), "GET", {"\"a\"", std::nullopt}),
            precondition::holds);
  EXPECT_EQ(judge(line("If-Modified-Since", same) + line("If-Modified-Since", same)),
            precondition::holds);
  // If-None-Match decides alone, both ways.
  EXPECT_EQ(judge(line("If-None-Match", "\"b\"") + line("If-Modified-Since", same)),
            precondition::holds);
  EXPECT_EQ(judge(line("If-None-Match", "\"a\"") + line("If-Modified-Since", before)),
            precondition::not_modified);
}

TEST(precondition, failure_comes_before_not_modified) {
  EXPECT_EQ(judge(line("If-None-Match", "\"a\"") + line("If-Match", "\"b\"")),
            precondition::failed);
}

TEST(if_range, names_exactly_what_there_is) {
  const auto holds = [](const std::string& lines, const validators& current, std::time_t when) {
    const asked from(lines);
    return if_range_holds(from.parsed, current, when);
  };
  EXPECT_TRUE(holds("", strong, now));
  EXPECT_TRUE(holds(line("If-Range", "\"a\""), strong, now));
  EXPECT_FALSE(holds(line("If-Range", "\"b\""), strong, now));
  EXPECT_FALSE(holds(line("If-Range", "\"a\", \"b\""), strong, now));
  EXPECT_FALSE(holds(line("If-Range", "W/\"a\""), strong, now));
  EXPECT_FALSE(holds(line("If-Range", "\"a\""), weak, now));
  EXPECT_FALSE(holds(line("If-Range", "*"), strong, now));
  EXPECT_TRUE(holds(line("If-Range", same), strong, now));
  EXPECT_FALSE(holds(line("If-Range", same), strong, modified));
  EXPECT_FALSE(holds(line("If-Range", after), strong, now));
  EXPECT_FALSE(holds(line("If-Range", before), strong, now));
  EXPECT_FALSE(holds(line("If-Range", "\"a\"") + line("If-Range", "\"a\""), strong, now));
}

}  // namespace
}  // namespace samjoko::proto

#include <samjoko/proto/http1_body.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

using state = body_step::state;
constexpr http1_limits limits;
constexpr body_framing chunked{body_framing::kind::chunked, 0};

constexpr body_framing length(std::uint64_t bytes) { return {body_framing::kind::length, bytes}; }

TEST(body_reader, no_body_is_done_at_once) {
  for (const auto& framing : {body_framing{}, length(0)}) {
    body_reader reader(framing, 100, limits);
    EXPECT_TRUE(reader.done());
    const auto step = reader.feed("GET /");
    EXPECT_EQ(step.is, state::done);
    EXPECT_EQ(step.consumed, 0U);
  }
}

TEST(body_reader, hands_out_the_bytes_where_they_are) {
  const std::string_view bytes = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET";
  body_reader reader(chunked, 100, limits);
  const auto first = reader.feed(bytes);
  EXPECT_EQ(first.is, state::more);
  EXPECT_EQ(first.data, "abc");
  EXPECT_EQ(first.data.data(), bytes.data() + 3);
  EXPECT_EQ(first.consumed, 6U);
  const auto second = reader.feed(bytes.substr(6));
  EXPECT_EQ(second.data, "de");
  const auto third = reader.feed(bytes.substr(6 + second.consumed));
  EXPECT_EQ(third.is, state::done);
  EXPECT_EQ(bytes.substr(6 + second.consumed + third.consumed), "GET");
}

TEST(body_reader, the_last_data_may_come_with_the_end) {
  body_reader reader(length(3), 100, limits);
  const auto step = reader.feed("abcd");
  EXPECT_EQ(step.is, state::done);
  EXPECT_EQ(step.data, "abc");
  EXPECT_EQ(step.consumed, 3U);
}

TEST(body_reader, discards_in_one_call_what_is_there) {
  body_reader reader(chunked, 100, limits);
  const auto part = reader.discard("3\r\nabc\r\n2\r\nd");
  EXPECT_EQ(part.is, state::more);
  EXPECT_EQ(part.consumed, 12U);
  const auto rest = reader.discard("e\r\n0\r\nX: y\r\n\r\nGET");
  EXPECT_EQ(rest.is, state::done);
  EXPECT_EQ(rest.consumed, 14U);
  EXPECT_EQ(rest.data, "");
}

TEST(body_reader, discard_refuses_what_is_broken_or_too_much) {
  body_reader broken(chunked, 100, limits);
  EXPECT_EQ(broken.discard("3\r\nabcX").because.status, 400);
  body_reader much(chunked, 4, limits);
  EXPECT_EQ(much.discard("3\r\nabc\r\n2\r\nde\r\n").because.status, 413);
  body_reader known(length(5), 4, limits);
  EXPECT_EQ(known.discard("").because.status, 413);
}

}  // namespace
}  // namespace samjoko::proto

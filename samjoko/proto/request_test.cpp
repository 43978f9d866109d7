#include <samjoko/proto/request.hpp>

#include <samjoko/proto/http1_parser.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

/// A request together with the bytes that it refers to.
struct sent {
  std::string head;
  request parsed;

  explicit sent(std::string_view lines, std::string_view line = "GET / HTTP/1.1\r\nHost: h\r\n")
      : head(std::string(line).append(lines).append("\r\n")) {
    EXPECT_TRUE(parse_head(head, {}, parsed)) << head;
  }
};

TEST(request, names_its_parts) {
  const sent from("", "DELETE http://a:8/p?q HTTP/1.1\r\nHost: b\r\n");
  EXPECT_EQ(from.parsed.method(), http_method::delete_);
  EXPECT_EQ(from.parsed.method_text(), "DELETE");
  EXPECT_EQ(from.parsed.target(), "http://a:8/p?q");
  EXPECT_EQ(from.parsed.resource(), "/p?q");
  EXPECT_EQ(from.parsed.host(), "a:8");
  EXPECT_EQ(from.parsed.version_minor(), 1);
}

TEST(request, knows_every_method) {
  constexpr std::string_view names[] = {"GET",     "HEAD",  "POST",    "PUT",   "DELETE",
                                        "OPTIONS", "TRACE", "CONNECT", "PATCH", "BREW"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const auto target = names[i] == "CONNECT" ? " a:1" : " /";
    const sent from("", std::string(names[i]).append(target).append(" HTTP/1.0\r\n"));
    EXPECT_EQ(from.parsed.method(), static_cast<http_method>(i)) << names[i];
  }
}

TEST(request, finds_fields) {
  const sent from(
      "Range: bytes=0-1\r\nX-A: 1\r\nx-a: 2\r\nEmpty:\r\nIF-MATCH: a\r\nif-match: b\r\n");
  const auto& parsed = from.parsed;
  ASSERT_EQ(parsed.field_count(), 7U);
  EXPECT_EQ(parsed.field(2).name, "X-A");
  EXPECT_EQ(parsed.field(3).value, "2");
  EXPECT_EQ(parsed.find("x-A"), "1");
  EXPECT_EQ(parsed.find("empty"), "");
  EXPECT_EQ(parsed.find("X"), std::nullopt);
  EXPECT_EQ(parsed.find(known_field::range), "bytes=0-1");
  EXPECT_EQ(parsed.find(known_field::if_match), "a");
  EXPECT_EQ(parsed.find(known_field::accept), std::nullopt);
  EXPECT_TRUE(parsed.repeated(known_field::if_match));
  EXPECT_FALSE(parsed.repeated(known_field::range));
}

TEST(request, remembers_every_known_field) {
  constexpr std::string_view names[] = {"Expect",
                                        "Range",
                                        "If-Match",
                                        "If-None-Match",
                                        "If-Modified-Since",
                                        "If-Unmodified-Since",
                                        "If-Range",
                                        "Accept",
                                        "Accept-Encoding",
                                        "Upgrade",
                                        "User-Agent"};
  auto which = static_cast<std::size_t>(known_field::expect);
  for (const auto name : names) {
    const sent from(std::string(name).append(": 100-continue\r\n"));
    EXPECT_EQ(from.parsed.find(static_cast<known_field>(which++)), "100-continue") << name;
  }
  EXPECT_EQ(which, static_cast<std::size_t>(known_field::none));
}

TEST(request, keeps_the_connection_as_the_version_and_the_client_say) {
  const auto keeps = [](std::string_view line, const std::string& lines) {
    return sent(lines, line).parsed.keep_alive();
  };
  constexpr std::string_view one = "GET / HTTP/1.1\r\nHost: h\r\n";
  constexpr std::string_view zero = "GET / HTTP/1.0\r\n";
  EXPECT_TRUE(keeps(one, ""));
  EXPECT_FALSE(keeps(one, "Connection: close\r\n"));
  EXPECT_FALSE(keeps(one, "Connection: Upgrade, CLOSE\r\n"));
  EXPECT_FALSE(keeps(one, "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_TRUE(keeps(one, "Connection: closed\r\n"));
  EXPECT_FALSE(keeps(zero, ""));
  EXPECT_TRUE(keeps(zero, "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps(zero, "Connection: keep-alive, close\r\n"));
}

TEST(request, says_what_body_follows) {
  EXPECT_EQ(sent("").parsed.body().by, body_framing::kind::none);
  const sent length("Content-Length: 18446744073709551615\r\n");
  EXPECT_EQ(length.parsed.body().by, body_framing::kind::length);
  EXPECT_EQ(length.parsed.body().length, 18446744073709551615U);
  const sent chunked("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(chunked.parsed.body().by, body_framing::kind::chunked);
  EXPECT_TRUE(chunked.parsed.expects_continue());
}

TEST(request, is_used_again_without_a_trace) {
  sent from(
      "Content-Length: 3\r\nConnection: close\r\nExpect: 100-continue\r\nRange: a\r\nRange: b\r\n");
  const std::string second = "GET / HTTP/1.0\r\n\r\n";
  ASSERT_TRUE(parse_head(second, {}, from.parsed));
  EXPECT_EQ(from.parsed.field_count(), 0U);
  EXPECT_EQ(from.parsed.host(), "");
  EXPECT_EQ(from.parsed.body().by, body_framing::kind::none);
  EXPECT_FALSE(from.parsed.expects_continue());
  EXPECT_FALSE(from.parsed.repeated(known_field::range));
  EXPECT_EQ(from.parsed.find(known_field::range), std::nullopt);
}

TEST(request, holds_as_many_fields_as_the_cap_and_the_largest_head) {
  http1_limits limits;
  limits.field_count = field_count_cap;
  limits.head_size = head_size_cap;
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 1; i < field_count_cap; ++i) head += "A: b\r\n";
  head += "\r\n";
  request parsed;
  ASSERT_TRUE(parse_head(head, limits, parsed));
  EXPECT_EQ(parsed.field_count(), field_count_cap);
  head.insert(head.size() - 2, "A: b\r\n");
  limits.field_count = 100000;
  EXPECT_EQ(parse_head(head, limits, parsed).error().status, 431);
  head = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
  head.append(head_size_cap - head.size() - 4, 'a').append("\r\n\r\n");
  ASSERT_TRUE(parse_head(head, limits, parsed));
  EXPECT_EQ(parsed.field(1).value.size(), head_size_cap - 32);
}

TEST(parse_head, refuses_what_is_no_complete_head) {
  request parsed;
  for (const std::string_view head :
       {"", "GET / HTTP/1.1", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: h\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\nmore", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    EXPECT_FALSE(parse_head(head, {}, parsed)) << head;
  }
}

}  // namespace
}  // namespace samjoko::proto

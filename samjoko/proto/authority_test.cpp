#include <samjoko/proto/authority.hpp>

#include <gtest/gtest.h>

namespace samjoko::proto {
namespace {

TEST(authority, splits_host_and_port) {
  const auto name = parse_authority("example.com:8080");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "example.com");
  EXPECT_EQ(name->port, "8080");
  const auto six = parse_authority("[2001:db8::1]:65535");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "[2001:db8::1]");
  EXPECT_EQ(six->port, "65535");
}

TEST(authority, takes_every_host_of_rfc_3986) {
  for (const std::string_view text :
       {"a", "A-b.c_d~", "127.0.0.1", "a:", "%41", "a%2eb", "!$&'()*+,;=", "[::1]", "[v1.a:b]"}) {
    EXPECT_TRUE(parse_authority(text)) << text;
  }
}

TEST(authority, refuses_all_else) {
  for (const std::string_view text : {"",
                                      ":80",
                                      "a b",
                                      "a/b",
                                      "a?b",
                                      "a#b",
                                      "u@a",
                                      "a\\b",
                                      "a\"",
                                      "<a>",
                                      "a^",
                                      "{a}",
                                      "a|b",
                                      "a:b",
                                      "a:+1",
                                      "a:65536",
                                      "a:99999999999999999999",
                                      "a:1:2",
                                      "::1",
                                      "[]",
                                      "[::1",
                                      "[::1]a",
                                      "::1]",
                                      "[[::1]]",
                                      "[::1/]",
                                      "%",
                                      "%4",
                                      "%4g",
                                      "a\t",
                                      "\xed\x95\x9c"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

}  // namespace
}  // namespace samjoko::proto

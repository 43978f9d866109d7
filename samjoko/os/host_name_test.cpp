#include <samjoko/os/host_name.hpp>

#include <gtest/gtest.h>

namespace samjoko::os {
namespace {

TEST(host_name, is_told_from_an_address) {
  for (const auto* name : {"localhost:80", "a.example:0", "x1:1", "1a:1", "münchen.example:80"})
    EXPECT_TRUE(host_name::is_meant(name)) << name;
  for (const auto* other : {"127.0.0.1:80", "1.2.3:80", "[::1]:80", "[fe80::a]:80", "fe80::a:80",
                            ":80", "unix:/run/a", "fd:web", "fd:3", "localhost", "", ":"})
    EXPECT_FALSE(host_name::is_meant(other)) << other;
}

TEST(host_name, is_a_name_and_a_port) {
  const auto got = host_name::parse("www.example.com:8080");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->name, "www.example.com");
  EXPECT_EQ(got->port, 8080U);
  EXPECT_EQ(got->text(), "www.example.com:8080");
  EXPECT_TRUE(host_name::parse("_dns.a-b.example.:53"));
}

TEST(host_name, that_is_none_is_told_why) {
  const std::string long_label(64, 'a');
  std::string long_name = "a";
  while (long_name.size() < 254) long_name += ".a";
  for (const auto& text :
       {std::string("a..b:1"), std::string(".a:1"), std::string("-a:1"), std::string("a-:1"),
        std::string("a b:1"), std::string("a/b:1"), long_label + ":1", long_name + ":1",
        std::string("a:"), std::string("a:65536"), std::string("a:-1"), std::string("a:1x"),
        std::string("ä.example:1"), std::string("a")}) {
    const auto got = host_name::parse(text);
    ASSERT_FALSE(got) << text;
    EXPECT_TRUE(got.error().is(condition::bad_argument)) << text;
  }
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/os/address.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace samjoko::os {
namespace {

struct good {
  const char* text;
  sa_family_t family;
  unsigned port;
};
TEST(address, every_form_is_understood_and_printed_as_it_was_written) {
  for (const auto& [text, family, port] :
       {good{"127.0.0.1:7000", AF_INET, 7000}, good{"0.0.0.0:0", AF_INET, 0},
        good{"255.255.255.255:65535", AF_INET, 65535}, good{"[::1]:7000", AF_INET6, 7000},
        good{"[::]:1", AF_INET6, 1}, good{"[2001:db8::ff00:42]:443", AF_INET6, 443},
        good{"[::ffff:10.0.0.1]:5", AF_INET6, 5}, good{":7000", AF_INET6, 7000},
        good{":0", AF_INET6, 0}, good{"unix:/run/x.sock", AF_UNIX, 0},
        good{"unix:relative", AF_UNIX, 0}, good{"unix:with:colon:7", AF_UNIX, 0},
        good{"fd:0", AF_UNSPEC, 0}, good{"fd:1048576", AF_UNSPEC, 0}}) {
    const auto parsed = address::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().sentence();
    EXPECT_EQ(parsed->text(), text);
    EXPECT_EQ(parsed->family(), family) << text;
    EXPECT_EQ(parsed->port(), port) << text;
    EXPECT_EQ(parsed->is_unix(), family == AF_UNIX) << text;
    EXPECT_EQ(parsed->dual_stack(), *text == ':') << text;
    EXPECT_EQ(parsed->inherited() >= 0, std::string_view(text).starts_with("fd:")) << text;
  }
  EXPECT_EQ(address::parse("fd:3")->inherited(), 3);
  EXPECT_EQ(address::parse("unix:/run/x.sock")->path(), "/run/x.sock");
}

struct bad {
  std::string text;
  const char* why;
};
TEST(address, what_is_not_understood_is_quoted_with_the_reason_and_the_forms) {
  for (const auto& [text, why] : {bad{"", "has no port"},
                                  bad{"7000", "has no port"},
                                  bad{"127.0.0.1", "has no port"},
                                  bad{"127.0.0.1:", "has no port in 0-65535"},
                                  bad{"127.0.0.1:65536", "has no port in 0-65535"},
                                  bad{"127.0.0.1:-1", "has no port in 0-65535"},
                                  bad{"127.0.0.1:+1", "has no port in 0-65535"},
                                  bad{"127.0.0.1: 1", "has no port in 0-65535"},
                                  bad{"127.0.0.1:1 ", "has no port in 0-65535"},
                                  bad{"127.0.0.1:0x50", "has no port in 0-65535"},
                                  bad{"127.0.0.1:99999999999999999999", "has no port in 0-65535"},
                                  bad{":http", "has no port in 0-65535"},
                                  bad{":", "has no port in 0-65535"},
                                  bad{"localhost:80", "is not a numeric IPv4 address"},
                                  bad{"127.0.0.256:80", "is not a numeric IPv4 address"},
                                  bad{"127.1:80", "is not a numeric IPv4 address"},
                                  bad{" 127.0.0.1:80", "is not a numeric IPv4 address"},
                                  bad{"::1:80", "is not a numeric IPv4 address"},
                                  bad{"[::1:80", "is not a numeric IPv4 address"},
                                  bad{"[:80", "is not a numeric IPv4 address"},
                                  bad{"[]:80", "is not an IPv6 address"},
                                  bad{"[127.0.0.1]:80", "is not an IPv6 address"},
                                  bad{"[::1%lo]:80", "is not an IPv6 address"},
                                  bad{"[::1]", "has no port in 0-65535"},
                                  bad{"unix:", "has no path"},
                                  bad{"unix:" + std::string(108, 'p'), "has a path over 107"},
                                  bad{"fd:", "has neither number nor name of a descriptor"},
                                  bad{"fd:-1", "has neither number nor name of a descriptor"},
                                  bad{"fd:3x", "has neither number nor name of a descriptor"},
                                  bad{"fd:1048577", "has neither number nor name of a descriptor"},
                                  bad{std::string("127.0.0.1\0.9:80", 15), "has a NUL byte"},
                                  bad{std::string("unix:/a\0b", 9), "has a NUL byte"}}) {
    const auto parsed = address::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().is(condition::bad_argument)) << text;
    const auto said = parsed.error().sentence();
    EXPECT_NE(said.find("'" + text + "' " + why), std::string::npos) << said;
    EXPECT_NE(said.find("[::1]:7000"), std::string::npos) << said;
  }
}

TEST(address, the_longest_unix_path_fits) {
  const auto text = "unix:" + std::string(107, 'p');
  const auto parsed = address::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text(), text);
  EXPECT_EQ(parsed->path().size(), 107u);
}

TEST(address, one_host_is_one_key_whatever_its_port_and_family) {
  const auto key = [](const char* text) { return std::string(address::parse(text)->host_key()); };
  EXPECT_EQ(key("10.0.0.1:1"), key("10.0.0.1:2"));
  EXPECT_EQ(key("10.0.0.1:1"), key("[::ffff:10.0.0.1]:1"));
  EXPECT_NE(key("10.0.0.1:1"), key("10.0.0.2:1"));
  EXPECT_EQ(key("[2001:db8::1]:1"), key("[2001:db8::1]:9"));
  EXPECT_NE(key("[2001:db8::1]:1"), key("[2001:db8::2]:1"));
  EXPECT_EQ(key("unix:/a"), "");
  EXPECT_EQ(key("fd:3"), "");
}

// A client's own unix socket usually has no name, and the kernel says so by the length alone.
TEST(address, from_the_kernel_an_unnamed_unix_socket_has_no_path) {
  sockaddr_un unnamed{};
  unnamed.sun_family = AF_UNIX;
  std::memset(unnamed.sun_path, 'x', sizeof unnamed.sun_path);
  const auto* raw = reinterpret_cast<const sockaddr*>(&unnamed);
  EXPECT_EQ(address(raw, offsetof(sockaddr_un, sun_path)).text(), "unix:");
  EXPECT_EQ(address(raw, sizeof unnamed).path().size(), sizeof unnamed.sun_path);
  EXPECT_EQ(address().text(), "unknown");
}

}  // namespace
}  // namespace samjoko::os

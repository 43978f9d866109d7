#include <samjoko/services/hello.hpp>

#include <gtest/gtest.h>
#include <samjoko/web/testing/served_client.hpp>

namespace samjoko::services {
namespace {

using web::answers_to;
using web::loop_kind;
using web::without_dates;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

TEST(hello, answers_every_path_with_the_same) {
  const auto hello = make_hello();
  EXPECT_EQ(without_dates(answers_to(hello, get)), answer);
  EXPECT_EQ(without_dates(answers_to(hello, "GET /a/b?c HTTP/1.1\r\nHost: h\r\n\r\n")), answer);
}

TEST(hello, answers_pipelined_requests_in_any_pieces_on_both_loops) {
  const auto hello = make_hello();
  std::string input, expected;
  for (int i = 0; i < 20; ++i) input.append(get), expected.append(answer);
  for (const auto kind : {loop_kind::blocking, loop_kind::epoll}) {
    for (const std::size_t piece : {0U, 1U, 2U, 3U, 7U, 16U}) {
      EXPECT_EQ(without_dates(answers_to(hello, input, piece, kind)), expected) << piece;
    }
  }
}

TEST(hello, says_who_served) {
  const auto hello = make_hello({.identify = true});
  const auto text = answers_to(hello, get);
  const auto start = "\r\nX-Served-By: " + std::to_string(::getpid()) + "/";
  const auto found = text.find(start);
  ASSERT_NE(found, std::string::npos) << text;
  EXPECT_NE(text.find("/none\r\n", found + start.size()), std::string::npos) << text;
}

}  // namespace
}  // namespace samjoko::services

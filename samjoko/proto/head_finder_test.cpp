#include <samjoko/proto/head_finder.hpp>

#include <gtest/gtest.h>

#include <string>

namespace samjoko::proto {
namespace {

using state = head_scan::state;
constexpr http1_limits limits;

TEST(head_finder, delimits_the_first_head) {
  const std::string_view bytes = "\r\nGET / HTTP/1.1\r\nA: b\r\n\r\nGET /";
  head_finder finder;
  const auto scan = finder.find(bytes, limits);
  ASSERT_EQ(scan.is, state::complete);
  EXPECT_EQ(bytes.substr(scan.skip, scan.size), "GET / HTTP/1.1\r\nA: b\r\n\r\n");
  EXPECT_EQ(bytes.substr(scan.skip, scan.line_size), "GET / HTTP/1.1");
  finder.reset();
  EXPECT_EQ(finder.find(bytes.substr(scan.skip + scan.size), limits).is, state::need_more);
}

TEST(head_finder, tells_empty_lines_from_a_request) {
  head_finder finder;
  EXPECT_EQ(finder.find("", limits).is, state::need_more);
  EXPECT_EQ(finder.find("\r", limits).is, state::need_more);
  EXPECT_EQ(finder.find("\r\n\r", limits).is, state::need_more);
  EXPECT_FALSE(finder.begun());
  EXPECT_EQ(finder.find("\r\n\r\nG", limits).is, state::need_more);
  EXPECT_TRUE(finder.begun());
}

TEST(head_finder, a_head_size_below_that_of_a_line_is_kept) {
  constexpr http1_limits small{.head_size = 32};
  const std::string line(40, 'G');
  head_finder finder;
  EXPECT_EQ(finder.find(line.substr(0, 31), small).is, state::need_more);
  EXPECT_EQ(finder.find(line, small).because.status, 431);
}

/// The size of the first prefix that is refused, fed byte by byte, and the status.
std::pair<std::size_t, int> refused_at(std::string_view bytes) {
  head_finder finder;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const auto scan = finder.find(bytes.substr(0, size), limits);
    if (scan.is == state::refused) return {size, scan.because.status};
  }
  return {0, 0};
}

TEST(head_finder, refuses_as_early_as_it_can) {
  EXPECT_EQ(refused_at("\x16\x03\x01"), std::pair(std::size_t{1}, 400));
  EXPECT_EQ(refused_at("GET /\r\n"), std::pair(std::size_t{7}, 400));
  EXPECT_EQ(refused_at("GET / HTTP/1.1\n"), std::pair(std::size_t{15}, 400));
  const auto target = refused_at("GET /" + std::string(100'000, 'a'));
  EXPECT_EQ(target.second, 414);
  EXPECT_LE(target.first, limits.target_size + 100);
  const auto head = refused_at("GET / HTTP/1.1\r\nA: " + std::string(100'000, 'a'));
  EXPECT_EQ(head, std::pair(limits.head_size, 431));
}

}  // namespace
}  // namespace samjoko::proto

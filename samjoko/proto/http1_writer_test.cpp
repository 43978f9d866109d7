#include <samjoko/proto/http1_writer.hpp>

#include <samjoko/proto/http_date.hpp>

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace samjoko::proto {
namespace {

void write_page(head_writer& out) {
  date_cache dates;
  out.status(200).raw(dates.line(784111777)).field("Content-Type", "text/plain");
  out.content_length(13).connection(true, 0).end().raw("Hello, World!");
}

constexpr std::string_view page =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 13\r\n"
    "Connection: keep-alive\r\n"
    "\r\n"
    "Hello, World!";

TEST(head_writer, writes_a_response) {
  std::array<char, 512> room{};
  head_writer out(room);
  write_page(out);
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(out.text(), page);
}

TEST(head_writer, says_when_the_room_is_too_small_and_stays_in_it) {
  for (std::size_t size = 0; size <= page.size(); ++size) {
    std::string room(size + 8, '#');
    head_writer out(std::span<char>(room).first(size));
    write_page(out);
    EXPECT_EQ(out.ok(), size == page.size()) << size;
    EXPECT_EQ(out.text(), size == page.size() ? page : "");
    EXPECT_EQ(room.substr(size), "########");
  }
}

TEST(head_writer, a_value_cannot_end_its_line) {
  for (const std::string_view value : {"a\r\nSet-Cookie: b", "a\n", "\r", "a\x7f"}) {
    std::array<char, 128> room{};
    head_writer out(room);
    out.status(302).field("Location", value).end();
    EXPECT_FALSE(out.ok());
    EXPECT_EQ(out.text(), "");
  }
}

TEST(head_writer, numbers_are_whole) {
  std::array<char, 128> room{};
  head_writer out(room);
  out.content_length(std::numeric_limits<std::uint64_t>::max()).field("Age", std::uint64_t{0});
  EXPECT_EQ(out.text(), "Content-Length: 18446744073709551615\r\nAge: 0\r\n");
}

TEST(head_writer, says_what_the_version_does_not_imply) {
  const auto said = [](bool keep, int minor) {
    std::array<char, 64> room{};
    return std::string(head_writer(room).connection(keep, minor).text());
  };
  EXPECT_EQ(said(true, 1), "");
  EXPECT_EQ(said(true, 0), "Connection: keep-alive\r\n");
  EXPECT_EQ(said(false, 1), "Connection: close\r\n");
  EXPECT_EQ(said(false, 0), "Connection: close\r\n");
}

TEST(head_writer, every_status_has_a_line) {
  for (int status = 100; status < 600; ++status) {
    std::array<char, 80> room{};
    const std::string line(head_writer(room).status(status).text());
    EXPECT_TRUE(line.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << line;
    EXPECT_TRUE(line.ends_with("\r\n")) << line;
    EXPECT_GT(status_text(status).size(), 4U);
  }
  EXPECT_EQ(status_text(404), "404 Not Found");
  EXPECT_EQ(status_text(499), "400 Bad Request");
}

}  // namespace
}  // namespace samjoko::proto

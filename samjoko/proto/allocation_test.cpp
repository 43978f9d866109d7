#include <samjoko/proto/head_finder.hpp>
#include <samjoko/proto/http1_body.hpp>
#include <samjoko/proto/http1_parser.hpp>
#include <samjoko/proto/http1_writer.hpp>
#include <samjoko/proto/http_date.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<unsigned long> allocations{0};
}  // namespace

// For this whole test program: every allocation by new is counted.
// NOLINTBEGIN(cppcoreguidelines-no-malloc): this is where new is made.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace samjoko::proto {
namespace {

TEST(allocation, a_request_and_its_answer_need_none) {
  constexpr std::string_view bytes =
      "POST /a?b HTTP/1.1\r\nHost: a:80\r\nConnection: keep-alive\r\nRange: bytes=0-1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const http1_limits limits;
  std::array<char, 512> room{};
  date_cache dates;
  const auto before = allocations.load();
  for (int i = 0; i < 100; ++i) {
    head_finder finder;
    request parsed;
    const auto scan = finder.find(bytes, limits);
    ASSERT_TRUE(parse_head(bytes.substr(scan.skip, scan.size), limits, parsed));
    body_reader body(parsed.body(), limits.discarded_body_size, limits);
    ASSERT_EQ(body.discard(bytes.substr(scan.size)).is, body_step::state::done);
    head_writer out(room);
    out.status(200).raw(dates.line(1767225600 + i)).content_length(13).end();
    ASSERT_TRUE(out.ok());
    ASSERT_FALSE(parse_head("GET\r\n\r\n", limits, parsed));
  }
  EXPECT_EQ(allocations.load(), before);
}

}  // namespace
}  // namespace samjoko::proto

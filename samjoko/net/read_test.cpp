// How a connection reads and writes, replayed with the peer's bytes in pieces of 1, 2, 3, 7, 16 and
// whole: one piece is sent, taken in and judged before the next one follows.
#include <gtest/gtest.h>

#include <cerrno>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/net/connection.hpp>
#include <string>

namespace samjoko {
namespace {

const connection_limits limits;
const stop_flag no_stop;

/// A socket whose bytes come in pieces of one size: the next piece is there only when the one
/// before was taken.
class pieces final : public io::loop {
 public:
  pieces(std::string text, std::size_t size) : loop(false), text_(std::move(text)), size_(size) {}
  io::start begin(io::operation& wanted) override {
    wanted.result = 0;
    if (wanted.kind == io::operation_kind::receive) receive(wanted);
    if (wanted.kind == io::operation_kind::receive_now) wanted.result = -EAGAIN;
    return io::start::done;
  }
  void cancel(io::operation&) noexcept override {}
  void run() override {}
  void wake() noexcept override {}

 private:
  void receive(io::operation& wanted) {
    if (wanted.data == nullptr) {
      if (at_ == text_.size()) return;
      wanted.data = buffers().take();
      wanted.size = io::buffer_pool::block_size;
    }
    const auto part = text_.substr(at_, std::min({size_, wanted.size, text_.size() - at_}));
    std::ranges::copy(as_bytes(part), wanted.data);
    at_ += part.size();
    wanted.result = static_cast<std::int64_t>(part.size());
  }
  std::string text_;
  std::size_t size_;
  std::size_t at_ = 0;
};

void at_each_size(const std::string& text, task<> (*handler)(connection&)) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                 std::size_t{16}, std::max<std::size_t>(text.size(), 1)}) {
    SCOPED_TRACE("pieces of " + std::to_string(size));
    pieces on(text, size);
    connection client(on, os::descriptor(), limits, no_stop);
    io::main_task(on, handler(client)).finish();
  }
}

task<> expect_line(connection& client, std::string expected, std::size_t limit) {
  const auto line = co_await client.read_line(limit);
  EXPECT_EQ(line.value_or("nothing"), expected);
}
template <class Code>
task<> expect_no_line(connection& client, Code code, std::size_t limit) {
  const auto line = co_await client.read_line(limit);
  EXPECT_TRUE(!line && line.error().is(code));
}

task<> read_all_ends_of_lines(connection& client) {
  for (const std::string expected : {"one", "", "", "a\rb", "\r", "last"})
    co_await expect_line(client, expected, 8192);
  co_await expect_no_line(client, condition::end_of_stream, 8192);
  co_await expect_no_line(client, condition::end_of_stream, 8192);
}
TEST(read_line, lines_end_by_lf_or_cr_lf) {
  at_each_size("one\r\n\n\r\na\rb\n\r\r\nlast\n", read_all_ends_of_lines);
}

task<> read_what_has_no_end(connection& client) {
  co_await expect_line(client, "whole", 100);
  co_await expect_no_line(client, condition::end_of_stream, 100);
  EXPECT_EQ(as_text(client.unread()), "half");
}
TEST(read_line, a_line_that_the_peer_does_not_end_stays_unread) {
  at_each_size("whole\nhalf", read_what_has_no_end);
}

task<> read_at_the_limit(connection& client) {
  co_await expect_line(client, "1234567", 8);               // with its end 8 bytes
  co_await expect_line(client, "123456", 8);                // with CR LF 8 bytes
  co_await expect_no_line(client, condition::too_long, 8);  // 9 bytes with its end
  co_await expect_line(client, "12345678", 9);
  co_await expect_no_line(client, condition::too_long, 8);  // no end at all
}
TEST(read_line, the_limit_counts_the_end_and_is_the_same_however_bytes_arrive) {
  at_each_size("1234567\n123456\r\n12345678\nno end in sight for a long while", read_at_the_limit);
}

task<> read_by_delimiters(connection& client) {
  const auto head = co_await client.read_until("\r\n\r\n", 64);
  EXPECT_TRUE(head && *head == "a\r\nb\r\n\r\r\n\r\n");
  const auto same = co_await client.read_until("aab", 64);
  EXPECT_TRUE(same && *same == "aaaaab");
  const auto none = co_await client.read_until("zz", 64);
  EXPECT_TRUE(!none && none.error().is(condition::end_of_stream));
  EXPECT_EQ(as_text(client.unread()), "-z");
}
TEST(read_until, a_delimiter_is_found_across_any_seam) {
  at_each_size("a\r\nb\r\n\r\r\n\r\naaaaab-z", read_by_delimiters);
}

task<> read_a_whole_block(connection& client) {
  const auto text = co_await client.read_until("!", connection::longest_text);
  EXPECT_TRUE(text && text->size() == connection::longest_text);
  const auto more = co_await client.read_until("!", connection::longest_text);
  EXPECT_TRUE(!more && more.error().is(condition::too_long));
}
TEST(read_until, the_longest_text_fills_a_block_and_one_byte_more_is_too_long) {
  const std::string most(connection::longest_text - 1, 'x');
  at_each_size(most + "!" + most + "x!", read_a_whole_block);
}

task<> read_exactly(connection& client) {
  std::array<std::byte, 5> five{};
  const auto first = co_await client.read_exact(five);
  EXPECT_TRUE(first && as_text(five) == "12345");
  const auto nothing = co_await client.read_exact(mutable_bytes());
  EXPECT_TRUE(nothing);
  co_await expect_line(client, "line", 10);
  const auto cut = co_await client.read_exact(five);
  EXPECT_TRUE(!cut && cut.error().is(condition::end_of_stream));
}
TEST(read_exact, takes_so_many_bytes_and_no_more) { at_each_size("12345line\n678", read_exactly); }

task<> fill_and_consume(connection& client) {
  std::string parsed;
  for (;;) {
    const auto came = co_await client.fill();
    if (!came) {
      EXPECT_TRUE(came.error().is(condition::end_of_stream));
      break;
    }
    EXPECT_GT(*came, 0u);
    while (client.unread().size() >= 3) {  // messages of three bytes
      parsed += as_text(client.unread().first(3));
      client.consume(3);
      EXPECT_TRUE(client.take_progress());
      EXPECT_FALSE(client.take_progress());
    }
  }
  EXPECT_EQ(parsed, "abcdefghijklmnopqr");
  EXPECT_EQ(as_text(client.unread()), "st");
}
TEST(fill, a_parser_takes_what_it_understands_and_keeps_the_rest) {
  at_each_size("abcdefghijklmnopqrst", fill_and_consume);
}
task<> fill_a_block(connection& client) {
  std::size_t all = 0;
  for (;;) {
    const auto came = co_await client.fill();
    if (!came) {
      EXPECT_TRUE(came.error().is(EMSGSIZE));
      break;
    }
    all += *came;
  }
  EXPECT_EQ(all, io::buffer_pool::block_size);
}
TEST(fill, a_full_block_is_an_error_and_no_end) {
  at_each_size(std::string(io::buffer_pool::block_size + 10, 'x'), fill_a_block);
}

task<> read_leases(connection& client) {
  std::string all;
  while (const auto got = co_await client.read()) {
    EXPECT_FALSE(got->empty());
    all += as_text(*got);
  }
  EXPECT_EQ(all, "some bytes and some more of them");
}
TEST(read, gives_every_byte_once) { at_each_size("some bytes and some more of them", read_leases); }
task<> read_after_a_line(connection& client) {
  co_await expect_line(client, "first", 100);
  std::string all;
  while (const auto got = co_await client.read()) all += as_text(*got);
  EXPECT_EQ(all, "rest\nand more");
}
TEST(read, gives_first_what_a_line_left_behind) {
  at_each_size("first\nrest\nand more", read_after_a_line);
}

}  // namespace
}  // namespace samjoko

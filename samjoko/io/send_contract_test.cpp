// The loop's contract about sends: files, empty sends, cancelled sends, slow readers, long sends.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <samjoko/io/attempt.hpp>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::io {
namespace {

template <class Bed>
class loop_sends : public contract_case<Bed> {};
TYPED_TEST_SUITE(loop_sends, beds);

struct file_sending : awaited<file_operation> {
  file_sending(loop& on, int to, int from, off_t begin, std::size_t count) : awaited(on) {
    kind = operation_kind::send_file;
    fd = to;
    file = from;
    offset = begin;
    size = count;
  }
};
os::descriptor file_of(const std::string& text) {
  os::descriptor file(::memfd_create("sent", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}
task<> send_a_file(loop& on, int to, int file, off_t begin, std::size_t count,
                   std::int64_t expected) {
  file_sending send(on, to, file, begin, count);
  const auto sent = co_await send;
  EXPECT_EQ(sent, expected);
  do_at_once(on, operation_kind::shutdown_send, to);
}
task<> file_arrives(loop& on, std::pair<int, int> ends, int file, off_t begin, std::size_t count,
                    std::string expected, std::size_t piece) {
  std::string got;
  scope both(co_await this_context());
  both.spawn(
      send_a_file(on, ends.first, file, begin, count, static_cast<std::int64_t>(expected.size())));
  both.spawn(receive_to_end(on, ends.second, got, piece));
  static_cast<void>(co_await both.join());
  EXPECT_TRUE(got == expected);
}
TYPED_TEST(loop_sends, a_file_arrives_whole_or_in_part) {
  const auto text = pattern(700'000);
  const auto file = file_of(text);
  auto& on = this->bed.on();
  main_task(on, file_arrives(on, this->sockets(), file.get(), 0, text.size(), text, 9000)).finish();
  main_task(on, file_arrives(on, this->sockets(), file.get(), 5, 10, text.substr(5, 10), 1))
      .finish();
  // The file ends before: what there is is sent, and there is no error.
  main_task(on,
            file_arrives(on, this->sockets(), file.get(), 699'990, 500, text.substr(699'990), 3))
      .finish();
}

task<> send_nothing(loop& on, int to, int file) {
  any_operation send(on, operation_kind::send, to, nullptr, 0);
  const auto of_bytes = co_await send;
  EXPECT_EQ(of_bytes, 0);
  iovec empty{};
  any_operation parts(on, operation_kind::send_parts, to, &empty, 0);
  const auto of_parts = co_await parts;
  EXPECT_EQ(of_parts, 0);
  any_operation empty_part(on, operation_kind::send_parts, to, &empty, 1);
  const auto of_empty_part = co_await empty_part;
  EXPECT_EQ(of_empty_part, 0);
  file_sending of_file(on, to, file, 0, 0);
  const auto of_none = co_await of_file;
  EXPECT_EQ(of_none, 0);
  co_await send_and_finish(on, to, "after it");
}
TYPED_TEST(loop_sends, nothing_is_sent_at_once_and_is_no_end) {
  auto& on = this->bed.on();
  const auto ends = this->sockets();
  const auto file = file_of("x");
  std::string got;
  main_task(on, send_nothing(on, ends.first, file.get())).finish();
  main_task(on, receive_to_end(on, ends.second, got, 100)).finish();
  EXPECT_EQ(got, "after it");
}

task<> send_for_long(loop& on, int to, std::string& text, std::int64_t& result, std::uint32_t idle,
                     std::uint32_t allowance) {
  any_operation send(on, operation_kind::send, to, text.data(), text.size(), idle);
  send.allowance_ms = allowance;
  result = co_await send;
}
task<> cancel_it(loop& on, int to, std::string& text, std::int64_t& result) {
  const auto first =
      co_await first_of(send_for_long(on, to, text, result, 0, 0), nap(on, milliseconds(20)));
  EXPECT_EQ(first, 1u);
}
task<> drain_and_end(loop& on, std::pair<int, int> ends, std::string& got) {
  scope both(co_await this_context());
  both.spawn(receive_to_end(on, ends.second, got, 100'000));
  both.spawn(send_and_finish(on, ends.first, "the end"));
  static_cast<void>(co_await both.join());
}
TYPED_TEST(loop_sends, a_pending_send_is_cancelled_and_the_socket_goes_on) {
  auto& on = this->bed.on();
  const auto ends = this->sockets();
  auto text = pattern(8 << 20);
  std::int64_t result = 0;
  main_task(on, cancel_it(on, ends.first, text, result)).finish();
  EXPECT_EQ(result, -ECANCELED);
  std::string got;
  main_task(on, drain_and_end(on, ends, got)).finish();
  EXPECT_TRUE(got.ends_with("the end"));
  EXPECT_TRUE(text.starts_with(got.substr(0, got.size() - 7)));
}

TYPED_TEST(loop_sends, nobody_reads_and_the_limit_on_silence_ends_it) {
  auto& on = this->bed.on();
  auto text = pattern(8 << 20);
  std::int64_t result = 0;
  const auto begin = on.now();
  main_task(on, send_for_long(on, this->sockets().first, text, result, 60, 0)).finish();
  EXPECT_EQ(result, -ETIMEDOUT);
  EXPECT_GE(on.now() - begin, milliseconds(60));
}

task<> read_slowly(loop& on, int from, const std::int64_t& result) {
  std::string part(30'000, '\0');
  while (result == 0) {
    any_operation receive(on, operation_kind::receive, from, part.data(), part.size(), 1000);
    const auto got = co_await receive;
    if (got <= 0) co_return;
    co_await nap(on, milliseconds(10));
  }
}
task<> against_a_slow_reader(loop& on, std::pair<int, int> ends, std::string& text,
                             std::int64_t& result) {
  scope both(co_await this_context());
  both.spawn(send_for_long(on, ends.first, text, result, 5000, 150));
  both.spawn(read_slowly(on, ends.second, result));
  static_cast<void>(co_await both.join());
}
// A reader that takes a little, always in time, holds off the limit on silence but not the whole.
TYPED_TEST(loop_sends, a_reader_that_trickles_meets_the_allowance) {
  auto& on = this->bed.on();
  auto text = pattern(8 << 20);
  std::int64_t result = 0;
  const auto begin = on.now();
  main_task(on, against_a_slow_reader(on, this->sockets(), text, result)).finish();
  EXPECT_EQ(result, -ETIMEDOUT);
  EXPECT_GE(on.now() - begin, milliseconds(150));
  EXPECT_LT(on.now() - begin, milliseconds(4000));
}

TYPED_TEST(loop_sends, to_one_who_is_gone_is_an_error_and_no_signal) {
  auto& on = this->bed.on();
  const auto ends = this->bed.sockets();
  do_at_once(on, operation_kind::close, ends.second);
  auto text = pattern(100);
  std::int64_t result = 0;
  main_task(on, send_for_long(on, ends.first, text, result, 0, 0)).finish();
  EXPECT_EQ(result, -EPIPE);
  do_at_once(on, operation_kind::close, ends.first);
}

task<> note_bytes(loop& on, int from, const std::int64_t& sent, bool& was_before) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1);
  const auto got = co_await receive;
  EXPECT_EQ(got, 1);
  was_before = sent == 0;
}
task<> send_whole_file(loop& on, int to, int file, std::size_t count, std::int64_t& sent) {
  file_sending send(on, to, file, 0, count);
  sent = co_await send;
}
task<> one_long_send(loop& on, std::pair<int, int> ends, int to, int file, std::size_t count) {
  std::int64_t sent = 0;
  bool was_before = false;
  scope all(co_await this_context());
  all.spawn(note_bytes(on, ends.second, sent, was_before));
  all.spawn(send_whole_file(on, to, file, count, sent));
  all.spawn(send_text(on, ends.first, "x"));
  static_cast<void>(co_await all.join());
  EXPECT_EQ(sent, static_cast<std::int64_t>(count));
  EXPECT_TRUE(was_before) << "who waited was served only after the whole file";
}
// /dev/null takes everything at once, as a fast reader of a huge file does: the send never waits.
template <class Loop>
void expect_turns() {
  real_bed<Loop> bed;
  constexpr std::size_t size = 64 << 20;
  const os::descriptor file(::memfd_create("huge", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
  const os::descriptor drain(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto ends = bed.sockets();
  main_task(bed.on(), one_long_send(bed.on(), ends, drain.get(), file.get(), size)).finish();
  do_at_once(bed.on(), operation_kind::close, ends.first);
  do_at_once(bed.on(), operation_kind::close, ends.second);
}
TEST(long_send, lets_others_have_their_turn) {
  expect_turns<epoll_loop>();
  expect_turns<blocking_loop>();
}

TEST(attempt, a_send_stops_after_what_one_may_move_and_goes_on_when_asked) {
  constexpr std::size_t size = (5 << 20) / 2;
  const os::descriptor file(::memfd_create("large", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
  const os::descriptor drain(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  buffer_pool pool;
  file_operation send;
  send.kind = operation_kind::send_file;
  send.fd = drain.get();
  send.file = file.get();
  send.size = size;
  bool progressed = false;
  for (const std::int64_t moved : {most_per_try, 2 * most_per_try}) {
    EXPECT_FALSE(attempt(send, pool, false, &progressed));
    EXPECT_TRUE(send.yields && progressed);
    EXPECT_EQ(send.result, moved);
  }
  EXPECT_TRUE(attempt(send, pool, false, &progressed));
  EXPECT_FALSE(send.yields);
  EXPECT_EQ(send.result, static_cast<std::int64_t>(size));
}

}  // namespace
}  // namespace samjoko::io

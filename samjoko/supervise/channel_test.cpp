#include <samjoko/supervise/channel.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace samjoko::supervise {
namespace {

channel::both_ends open_line() {
  auto made = channel::open();
  EXPECT_TRUE(made);
  return std::move(*made);
}

/// The next message, which must be there.
received next_of(const channel& from) {
  auto got = from.receive();
  EXPECT_TRUE(got) << got.error().sentence();
  EXPECT_TRUE(*got) << "nothing has arrived";
  return std::move(**got);
}

TEST(channel, carries_messages_both_ways_whole_and_in_order) {
  const auto line = open_line();
  EXPECT_FALSE(line.master.receive().value());
  ASSERT_TRUE(line.worker.send({message_kind::ready}));
  ASSERT_TRUE(line.worker.send({message_kind::death, 7}));
  ASSERT_TRUE(line.master.send({message_kind::stop_graceful}));
  EXPECT_EQ(next_of(line.master).what.kind, message_kind::ready);
  const auto second = next_of(line.master);
  EXPECT_EQ(second.what.kind, message_kind::death);
  EXPECT_EQ(second.what.value, 7U);
  EXPECT_FALSE(second.attached);
  EXPECT_EQ(next_of(line.worker).what.kind, message_kind::stop_graceful);
  EXPECT_FALSE(line.master.receive().value());
}

TEST(channel, hands_over_a_descriptor) {
  const auto line = open_line();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const os::descriptor out(ends[0]);
  os::descriptor in(ends[1]);
  ASSERT_TRUE(line.master.send({message_kind::log_descriptor}, in.get()));
  in.reset();
  const auto got = next_of(line.worker);
  ASSERT_TRUE(got.attached);
  EXPECT_FALSE(got.lost_descriptor);
  ASSERT_EQ(::write(got.attached.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(out.get(), &byte, 1), 1);
}

TEST(channel, says_when_a_descriptor_was_lost_for_want_of_a_number) {
  const auto line = open_line();
  ASSERT_TRUE(line.master.send({message_kind::log_descriptor}, STDERR_FILENO));
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto got = line.worker.receive();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(got);
  EXPECT_TRUE((*got)->lost_descriptor);
  EXPECT_FALSE((*got)->attached);
  EXPECT_EQ((*got)->what.kind, message_kind::log_descriptor);
}

TEST(channel, what_was_said_before_the_end_is_heard) {
  auto line = open_line();
  ASSERT_TRUE(line.worker.send({message_kind::ready}));
  line.worker.close();
  EXPECT_EQ(next_of(line.master).what.kind, message_kind::ready);
  const auto end = line.master.receive();
  ASSERT_FALSE(end);
  EXPECT_TRUE(end.error().is(condition::end_of_stream));
}

TEST(channel, the_end_of_one_who_left_things_unread_is_an_end) {
  auto line = open_line();
  ASSERT_TRUE(line.master.send({message_kind::stop_graceful}));
  line.worker.close();
  const auto end = line.master.receive();
  ASSERT_FALSE(end);
  EXPECT_TRUE(end.error().is(condition::end_of_stream)) << end.error().sentence();
}

TEST(channel, telling_one_who_is_gone_is_an_error_and_no_signal) {
  auto line = open_line();
  line.worker.close();
  const auto sent = line.master.send({message_kind::stop_graceful});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().is(condition::end_of_stream)) << sent.error().sentence();
}

TEST(channel, never_blocks_on_one_who_does_not_read) {
  const auto line = open_line();
  result<void> sent;
  int count = 0;
  for (; sent && count < 1'000'000; ++count) sent = line.worker.send({message_kind::leaving});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().is(EAGAIN));
  EXPECT_GT(count, 8) << "a few must fit";
  EXPECT_EQ(next_of(line.master).what.kind, message_kind::leaving);
}

TEST(channel, another_version_is_refused_and_the_next_message_understood) {
  const auto line = open_line();
  for (const std::string_view foreign :
       {std::string_view("\xff\x7f\x10\0\0\0\0\0", 8), std::string_view("\x01\0", 2),
        std::string_view("\x01\0\x10\0\0\0\0\0more", 12)}) {
    ASSERT_GT(::send(line.worker.descriptor(), foreign.data(), foreign.size(), 0), 0);
    const auto got = line.master.receive();
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(condition::malformed));
  }
  ASSERT_TRUE(line.worker.send({message_kind::ready}));
  EXPECT_EQ(next_of(line.master).what.kind, message_kind::ready);
}

TEST(channel_death, using_a_closed_one_is_our_bug) {
  const channel closed;
  EXPECT_DEATH((void)closed.send({message_kind::ready}), "not sent to");
  EXPECT_DEATH((void)closed.receive(), "not read");
}

}  // namespace
}  // namespace samjoko::supervise

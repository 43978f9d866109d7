#include <samjoko/os/local_stream.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <thread>
#include <vector>

#include <samjoko/os/socket.hpp>

namespace samjoko::os {
namespace {

class local_stream : public testing::Test {
 protected:
  local_stream() {
    const auto path = testing::TempDir() + "samjoko-local-" + std::to_string(::getpid());
    where = *address::parse("unix:" + path);
    listener = std::move(*listen_on(where, {.backlog = 1, .unix_mode = 0600, .unix_owner = {}}));
  }
  ~local_stream() override { std::filesystem::remove(where.path()); }
  static deadline soon() { return deadline::after(std::chrono::seconds(20)); }

  address where;
  descriptor listener;
};

TEST_F(local_stream, a_question_is_answered_and_each_side_knows_the_other) {
  auto client = connect_local(where, soon());
  ASSERT_TRUE(client);
  auto server = accept_local(listener);
  ASSERT_TRUE(server);
  for (const auto* end : {&*client, &*server}) {
    const auto other = identity_of_peer(*end);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->process, ::getpid());
    EXPECT_EQ(other->user, ::geteuid());
  }
  std::jthread answering([&server] {
    std::array<std::byte, 64> room;
    auto count = receive_now(*server, room);
    while (!count) count = receive_now(*server, room);
    EXPECT_EQ(as_text(bytes(room).first(*count)), "how are you?\n");
    EXPECT_TRUE(send_now(*server, as_bytes("well")));
    server->reset();
  });
  const auto answer = ask_local(*client, "how are you?\n", 100, soon());
  ASSERT_TRUE(answer) << answer.error().sentence();
  EXPECT_EQ(*answer, "well");
}

TEST_F(local_stream, nobody_waits_and_nobody_listens_are_errors_at_once) {
  EXPECT_TRUE(accept_local(listener).error().is(EAGAIN));
  listener.reset();
  EXPECT_TRUE(connect_local(where, soon()).error().is(ECONNREFUSED));
  std::filesystem::remove(where.path());
  EXPECT_TRUE(connect_local(where, soon()).error().is(ENOENT));
}

TEST_F(local_stream, whoever_does_not_accept_or_answer_is_waited_for_until_the_deadline) {
  std::vector<descriptor> crowd;
  result<descriptor> next;
  do {
    next = connect_local(where, deadline::after(std::chrono::milliseconds(1)));
    if (next) crowd.push_back(std::move(*next));
  } while (next && crowd.size() < 100);
  ASSERT_FALSE(next);
  EXPECT_TRUE(next.error().is(ETIMEDOUT));
  const auto silence =
      ask_local(crowd.front(), "?\n", 100, deadline::after(std::chrono::milliseconds(1)));
  EXPECT_TRUE(silence.error().is(ETIMEDOUT));
}

TEST_F(local_stream, an_answer_without_end_is_given_up) {
  auto client = connect_local(where, soon());
  auto server = accept_local(listener);
  ASSERT_TRUE(client && server);
  ASSERT_TRUE(send_now(*server, as_bytes(std::string(1000, 'a'))));
  EXPECT_TRUE(ask_local(*client, "?", 100, soon()).error().is(condition::too_long));
}

}  // namespace
}  // namespace samjoko::os

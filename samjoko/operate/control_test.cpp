#include <samjoko/operate/control.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <samjoko/base/check.hpp>
#include <samjoko/os/local_stream.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::operate {
namespace {

using std::chrono::seconds;

/// A control with a clock of its own, and its clients. The test makes its turns, as the master
/// does.
class control_test : public testing::Test {
 protected:
  control_test() { listen({}); }
  ~control_test() override { std::filesystem::remove(where.path()); }

  void listen(control_limits limits) {
    subject.close();
    const auto path = testing::TempDir() + "samjoko-control-" + std::to_string(::getpid());
    where = *os::address::parse("unix:" + path);
    auto listener = os::listen_on(where, {.backlog = 256, .unix_mode = 0600, .unix_owner = {}});
    ASSERT_TRUE(listener);
    subject = control(
        std::move(*listener),
        [this](std::string_view line) {
          asked.emplace_back(line);
          return answer;
        },
        limits);
  }

  os::descriptor client() {
    auto made = os::connect_local(where, deadline::after(seconds(20)));
    EXPECT_TRUE(made);
    return made ? std::move(*made) : os::descriptor();
  }
  static void say(const os::descriptor& who, std::string_view what) {
    EXPECT_TRUE(os::send_now(who, as_bytes(what)));
  }

  /// One turn, which must not wait: ready clients are served, the clock stands still.
  void turn() {
    polled.assign(2, pollfd{-1, 0, 0});  // of other users of the list
    subject.add_to(polled, now);
    os::poll_until(polled, deadline::after(seconds(0)));
    subject.take_turn(polled, now);
  }
  void turns(int count = 5) {
    for (int n = 0; n < count; ++n) turn();
  }
  /// What has come so far; "end" behind it when the other side has ended.
  static std::string heard(const os::descriptor& who) {
    std::string text;
    std::array<std::byte, 65536> room;
    while (true) {
      const auto count = os::receive_now(who, room);
      if (!count) return text;
      if (*count == 0) return text + "|end";
      text += as_text(bytes(room).first(*count));
    }
  }

  os::address where;
  control subject;
  std::vector<pollfd> polled;
  std::vector<std::string> asked;
  std::string answer = "0\nwell\n";
  steady::time_point now{seconds(1000)};
};

TEST_F(control_test, a_line_is_answered_and_that_is_the_end) {
  const auto who = client();
  say(who, "status\n");
  turns();
  EXPECT_EQ(heard(who), "0\nwell\n|end");
  EXPECT_EQ(asked, std::vector<std::string>{"status"});
  EXPECT_EQ(subject.clients(), 0U);
}

TEST_F(control_test, a_line_may_come_byte_by_byte_and_several_may_ask_at_once) {
  const auto slow = client();
  const auto other = client();
  for (const char each : std::string_view("status")) {
    say(slow, {&each, 1});
    turn();
  }
  say(other, "deaths\n");
  turns();
  EXPECT_EQ(heard(other), "0\nwell\n|end");
  EXPECT_EQ(heard(slow), "");
  say(slow, "\n");
  turns();
  EXPECT_EQ(heard(slow), "0\nwell\n|end");
}

TEST_F(control_test, what_follows_a_line_is_not_obeyed_and_does_not_cost_the_answer) {
  const auto who = client();
  say(who, "status\nstop now\n" + std::string(3000, 'x'));
  turns();
  EXPECT_EQ(heard(who), "0\nwell\n|end");
  EXPECT_EQ(asked, std::vector<std::string>{"status"});
}

TEST_F(control_test, whoever_leaves_in_the_middle_or_before_the_answer_is_forgotten) {
  {
    const auto half = client();
    say(half, "sta");
    const auto whole = client();
    say(whole, "status\n");
  }
  turns();
  EXPECT_EQ(subject.clients(), 0U);
}

TEST_F(control_test, a_line_without_end_is_not_kept) {
  const auto who = client();
  say(who, std::string(255, 'a'));
  turns();
  EXPECT_EQ(heard(who), "");
  say(who, "aa");
  turns();
  EXPECT_EQ(heard(who), "|end");
  EXPECT_TRUE(asked.empty());
}

TEST_F(control_test, ten_thousand_random_bytes_do_no_harm) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const auto who = client();
    std::string rubbish(10'000, '\0');
    for (auto& each : rubbish) each = static_cast<char>(random());
    std::string_view left = rubbish;
    for (int n = 0; n < 40 && !left.empty(); ++n) {
      const auto piece = left.substr(0, 1 + random() % 500);
      if (!os::send_now(who, as_bytes(piece))) break;
      left.remove_prefix(piece.size());
      turn();
    }
  }
  turns();
  for (const auto& line : asked) EXPECT_LE(line.size(), control_limits().line);
  EXPECT_EQ(subject.clients(), 0U);
  const auto who = client();
  say(who, "status\n");
  turns();
  EXPECT_EQ(heard(who), "0\nwell\n|end");
}

TEST_F(control_test, whoever_is_silent_is_closed_after_a_while_and_not_before) {
  const auto who = client();
  turn();
  EXPECT_EQ(subject.next_time(), deadline(now + control_limits().to_ask));
  now += control_limits().to_ask - milliseconds(1);
  turns();
  EXPECT_EQ(heard(who), "");
  now += milliseconds(1);
  turn();
  EXPECT_EQ(heard(who), "|end");
  EXPECT_TRUE(subject.next_time().is_never());
}

TEST_F(control_test, whoever_never_reads_the_answer_is_closed_after_a_while) {
  answer = std::string(4 << 20, 'a');
  const auto who = client();
  say(who, "status\n");
  turns();
  EXPECT_EQ(subject.clients(), 1U);
  now += control_limits().to_listen;
  turn();
  EXPECT_EQ(subject.clients(), 0U);
  const auto got = heard(who);
  EXPECT_LT(got.size(), answer.size());
  EXPECT_GT(got.size(), 0U);
}

TEST_F(control_test, a_long_answer_is_given_piece_by_piece) {
  answer = std::string(1 << 20, 'b');
  const auto who = client();
  say(who, "status\n");
  std::string got;
  for (int n = 0; n < 100'000 && !got.ends_with("|end"); ++n) {
    turn();
    got += heard(who);
  }
  EXPECT_EQ(got.size(), answer.size() + 4);
}

TEST_F(control_test, of_a_hundred_at_once_each_has_its_turn) {
  std::vector<os::descriptor> crowd;
  for (int n = 0; n < 100; ++n) crowd.push_back(client());
  turns();
  EXPECT_EQ(subject.clients(), control_limits().clients);
  for (const auto& each : crowd) say(each, "status\n");
  turns(50);
  for (const auto& each : crowd) EXPECT_EQ(heard(each), "0\nwell\n|end");
  EXPECT_EQ(asked.size(), 100U);
}

TEST_F(control_test, a_hundred_silent_ones_hold_up_nobody_for_long) {
  std::vector<os::descriptor> crowd;
  for (int n = 0; n < 100; ++n) crowd.push_back(client());
  const auto who = client();
  say(who, "status\n");
  const auto began = now;
  std::string got;
  while (got.empty() && now - began < seconds(60)) {
    turn();
    got = heard(who);
    if (got.empty() && !subject.next_time().is_never()) now = subject.next_time().at();
  }
  EXPECT_EQ(got, "0\nwell\n|end");
  EXPECT_LE(now - began, 4 * control_limits().to_ask);
}

TEST_F(control_test, without_descriptors_it_pauses_instead_of_spinning) {
  if (address_sanitizer)
    GTEST_SKIP() << "UBSan, built in beside ASan, opens a pipe to look at a virtual table";
  const auto who = client();
  say(who, "status\n");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  polled.clear();
  subject.add_to(polled, now);
  polled.front().revents = POLLIN;  // poll(2) itself refuses to work under this limit
  subject.take_turn(polled, now);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(subject.next_time(), deadline(now + control_limits().pause));
  turns();
  EXPECT_EQ(subject.clients(), 0U);
  now += control_limits().pause;
  turns();
  EXPECT_EQ(heard(who), "0\nwell\n|end");
}

TEST_F(control_test, closed_it_hears_nobody_and_waits_for_nothing) {
  const auto who = client();
  turn();
  subject.close();
  EXPECT_EQ(heard(who), "|end");
  polled.clear();
  subject.add_to(polled, now);
  EXPECT_TRUE(polled.empty());
  EXPECT_TRUE(subject.next_time().is_never());
  subject.take_turn(polled, now);
}

}  // namespace
}  // namespace samjoko::operate

#include <gtest/gtest.h>

#include <functional>
#include <samjoko/io/attempt.hpp>
#include <samjoko/serve/testing/session_alone.hpp>

namespace samjoko::serve {
namespace {

TEST_F(session_alone, ends_with_its_client) {
  begin(counting()).start();
  EXPECT_TRUE(session_->is_idle());
  say("a\n");
  leave();
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, an_idle_wait_that_ends_is_a_half_close) {
  auto& client = begin(counting());
  client.start();
  client.end_idle();
  loop_.run();  // the goodbye has a limit: the other side has not closed
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(client.had_turn());
}

TEST_F(session_alone, a_client_that_speaks_as_the_wait_ends_is_answered) {
  auto& client = begin(counting());
  client.start();
  say("a\n");
  stop_.request(stop_level::graceful);
  client.look_at_stop();
  loop_.run();
  EXPECT_EQ(heard(), "1 a\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, detaches_a_silent_client) {
  begin(counting()).start();
  session_->detach();
  loop_.run();
  ASSERT_TRUE(detached_.has_value());
  EXPECT_EQ(ended_, 0);
  EXPECT_EQ(heard(), "") << "still open";
}

TEST_F(session_alone, a_client_that_speaks_as_it_is_detached_is_answered_and_stays) {
  auto& client = begin(counting());
  client.start();
  session_->detach();
  say("a\n");
  say("bye\n");
  leave();
  loop_.run();
  EXPECT_FALSE(detached_.has_value());
  EXPECT_TRUE(client.had_turn());
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, state_goes_with_a_detached_client_and_on) {
  keeps_ = false;
  begin(counting()).start();
  ASSERT_TRUE(detached_.has_value()) << "not kept, not even for its first idle wait";
  for (const auto* expected : {"1 x\n", "2 x\n", "3 x\n"}) {
    say("x\n");
    auto client = std::move(*detached_);
    detached_.reset();
    begin(counting(), std::move(client)).start();
    loop_.run();
    EXPECT_EQ(heard(), expected);
    ASSERT_TRUE(detached_.has_value());
  }
  EXPECT_EQ(waits_, 0);
  EXPECT_EQ(ended_, 0);
}

/// Stands still between the look at a silent socket and whatever comes next.
class loop_that_dwells final : public io::loop {
 public:
  explicit loop_that_dwells(std::function<void()> meanwhile)
      : loop(true), meanwhile_(std::move(meanwhile)) {}
  io::start begin(io::operation& wanted) override {
    io::do_now(wanted, buffers());
    if (wanted.kind == io::operation_kind::receive_now) meanwhile_();
    return io::start::done;
  }
  void cancel(io::operation&) noexcept override {}
  void run() override {}
  void wake() noexcept override {}

 private:
  std::function<void()> meanwhile_;
};

// The worker stood still just there; a request came, and then the stop. The client's last look was
// already over, so it was closed without an answer.
TEST_F(session_alone, a_client_that_speaks_before_a_stop_is_answered_though_it_is_being_detached) {
  keeps_ = false;
  loop_that_dwells dwelling([this] {
    say("a\n");
    stop_.request(stop_level::graceful);
  });
  const auto offered = counting();
  session_host host(dwelling, offered, limits_, stop_, *this);
  session(host, {.socket = std::move(ours_)}).start();
  ASSERT_TRUE(detached_.has_value());
  begin(offered, std::move(*detached_)).start();
  loop_.run();
  EXPECT_EQ(heard(), "1 a\n");
}

TEST_F(session_alone, what_comes_during_the_goodbye_is_read_away) {
  auto& client = begin(counting());
  client.start();
  client.end_idle();
  const std::string much(100'000, 'x');
  ASSERT_GT(::send(client_.get(), much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT), 0);
  const auto before = steady::now();
  loop_.run();
  EXPECT_GE(steady::now() - before, milliseconds(50));
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, an_immediate_stop_ends_the_goodbye_too) {
  say_goodbye_and(&session_alone::stop_at_once);
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, a_goodbye_that_has_begun_can_be_given_away) {
  const auto before = steady::now();
  say_goodbye_and(&session_alone::detach);
  EXPECT_TRUE(lingering_);
  EXPECT_GE(lingers_until_, deadline(before + linger_));
  EXPECT_EQ(ended_, 0);
}

TEST_F(session_alone, a_goodbye_that_has_begun_can_be_hurried) {
  say_goodbye_and(&session_alone::hurry);
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, a_half_closed_client_is_given_away_where_it_may_not_wait) {
  begin(counting()).start();
  keeps_ = false;
  say("bye\n");
  loop_.run();
  EXPECT_TRUE(lingering_);
  EXPECT_EQ(heard(), "1 bye\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 0);
}

// An immediate stop cut a client in the middle of a turn and then said goodbye to it for a second.
// That is all the grace that the master gives before it kills the worker.
TEST_F(session_alone, an_immediate_stop_says_no_goodbye) {
  linger_ = std::chrono::hours(1);
  const service waiting{.name = "waiting", .handler = [this](connection& client) -> task<next> {
                          loop_.wake();  // heeded in the next wait: that for the end of the line
                          static_cast<void>(co_await client.read_line());
                          co_return next::close;
                        }};
  on_wake(&session_alone::stop_at_once);
  begin(waiting).start();
  say("hal");
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

}  // namespace
}  // namespace samjoko::serve

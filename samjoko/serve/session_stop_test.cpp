#include <gtest/gtest.h>

#include <samjoko/os/poll.hpp>
#include <samjoko/serve/testing/session_alone.hpp>
#include <thread>

namespace samjoko::serve {
namespace {

// A worker that was told to leave had accepted clients whose first bytes were under way. They were
// half-closed at once, and a service that was scaled down lost 1 to 3 newcomers of 1,000.
TEST_F(session_alone, a_newcomer_may_still_begin_at_a_stop) {
  stop_a_newcomer(&session_alone::speak);
  loop_.run();
  EXPECT_EQ(heard(), "1 a\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

// Members of a pool hear of the stop by a thread interrupt, which may come at any time.
TEST_F(session_alone,
       a_newcomer_that_may_still_begin_is_not_disturbed_by_hearing_of_the_stop_again) {
  const auto before = steady::now();
  stop_a_newcomer(&session_alone::stop_again);
  leave_at_wait_ = 3;
  loop_.run();
  EXPECT_EQ(waits_, 3) << "the first idle wait, the wait for first bytes, the goodbye";
  EXPECT_GE(steady::now() - before, linger_);
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, a_newcomer_is_given_away_where_it_may_not_wait) {
  stop_.request(stop_level::graceful);
  keeps_ = false;
  begin(counting()).start();
  ASSERT_TRUE(detached_.has_value());
  EXPECT_FALSE(detached_->had_turn);
  EXPECT_EQ(heard(), "") << "half-closed";
}

TEST_F(session_alone, an_immediate_stop_waits_for_no_first_bytes) {
  linger_ = std::chrono::hours(1);
  stop_a_newcomer(&session_alone::stop_at_once);
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

// A pool process whose worker was killed accepted one more client just before it heard of that.
TEST_F(session_alone, a_client_of_a_plain_handler_in_a_stop_may_still_begin) {
  stop_.request(stop_level::graceful);
  on_wake(&session_alone::speak);
  wake_at_wait_ = 1;
  begin(plain()).start();
  loop_.run();
  EXPECT_EQ(heard(), "heard\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

/// A plain handler waits for first bytes and hears of a graceful stop; the tests say what follows.
class newcomer_of_a_plain_handler : public session_alone {
 protected:
  void stop_while_it_waits(milliseconds turn = milliseconds(0)) {
    limits_.turn = turn;
    linger_ = milliseconds(100);
    begin(plain()).start();
    EXPECT_FALSE(session_->is_idle());
    stop_.request(stop_level::graceful);
    session_->look_at_stop();
    session_->look_at_stop();  // a thread interrupt may come again
  }
};

TEST_F(newcomer_of_a_plain_handler, is_answered_when_it_speaks_soon) {
  stop_while_it_waits();
  EXPECT_EQ(heard(), "") << "still open";
  say("a\n");
  loop_.run();
  EXPECT_EQ(heard(), "heard\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

TEST_F(newcomer_of_a_plain_handler, is_closed_when_it_stays_silent) {
  const auto before = steady::now();
  stop_while_it_waits();
  loop_.run();
  EXPECT_GE(steady::now() - before, linger_);
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

TEST_F(newcomer_of_a_plain_handler, has_the_limit_of_its_turn_besides) {
  stop_while_it_waits(std::chrono::hours(1));
  say("a\n");
  loop_.run();
  EXPECT_EQ(heard(), "heard\n");
  EXPECT_EQ(ended_, 1);
}

TEST_F(newcomer_of_a_plain_handler, is_ended_by_an_immediate_stop) {
  stop_while_it_waits();
  linger_ = std::chrono::hours(1);
  stop_at_once();
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

TEST_F(newcomer_of_a_plain_handler, is_no_newcomer_once_it_has_spoken) {
  linger_ = std::chrono::hours(1);
  begin(plain()).start();
  say("a\n");
  std::string answer(6, '\0');
  const std::jthread client([&] {
    EXPECT_TRUE(os::wait_readable(client_.get(), deadline::after(std::chrono::seconds(10))));
    ::recv(client_.get(), answer.data(), answer.size(), 0);
    loop_.wake();
  });
  on_wake(&session_alone::stop_gracefully);
  leave_at_wait_ = 1;  // leave the goodbye: the test does not wait for an hour
  loop_.run();
  EXPECT_EQ(answer, "heard\n");
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, a_client_that_never_begins_at_a_stop_is_half_closed) {
  const auto before = steady::now();
  const auto& client = stop_a_newcomer();
  loop_.run();
  EXPECT_GE(steady::now() - before, linger_) << "no longer than a goodbye may take";
  EXPECT_EQ(heard(), "(end)");
  EXPECT_FALSE(client.had_turn());
}

}  // namespace
}  // namespace samjoko::serve

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>
#include <samjoko/io/attempt.hpp>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/serve/model_contract.hpp>
#include <samjoko/serve/session.hpp>

namespace samjoko::serve {
namespace {

/// One session on an epoll loop, its client at the other end of a pair of sockets.
class session_alone : public ::testing::Test, public session_owner {
 public:
  void stop_at_once() {
    stop_.request(stop_level::immediate);
    session_->look_at_stop();
  }
  void stop_again() { session_->look_at_stop(); }
  void speak() { say("a\n"); }
  void detach() { session_->detach(); }
  void hurry() {
    linger_ = milliseconds(10);
    session_->end_rest();
  }

 protected:
  session_alone() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = os::descriptor(ends[0]);
    client_ = os::descriptor(ends[1]);
  }
  ~session_alone() override { session_.reset(); }

  session& begin(const service& offered, resting_client client) {
    offered_ = offered;
    return session_.emplace(loop_, std::move(client), offered_, limits_, stop_, *this);
  }
  session& begin(const service& offered) {
    return begin(offered, resting_client(std::move(ours_)));
  }
  void say(std::string_view text) const {
    ASSERT_EQ(::send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// What has come so far; "(end)" at the end.
  [[nodiscard]] std::string heard() const {
    std::string text(4096, '\0');
    const auto count = ::recv(client_.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (count == 0) return "(end)";
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
  }
  void leave() { client_.reset(); }
  /// What is done when the loop is woken, as in a worker that was told something.
  void on_wake(void (session_alone::*what)()) {
    attention_.test = this;
    attention_.what = what;
    attention_.run = [](runnable& self) noexcept {
      auto& me = static_cast<attention&>(self);
      (me.test->*me.what)();
    };
    loop_.attention = &attention_;
  }
  /// As soon as the client is half-closed, for a goodbye that takes an hour.
  void say_goodbye_and(void (session_alone::*what)()) {
    linger_ = std::chrono::hours(1);
    on_wake(what);
    wake_at_rest_ = 2;
    begin(counting()).start();
    say("bye\n");
    loop_.run();
    EXPECT_EQ(heard(), "1 bye\n");
    EXPECT_EQ(heard(), "(end)");
  }

  /// One who has said nothing hears of a graceful stop. `what` happens while he may still begin.
  session& stop_a_newcomer(void (session_alone::*what)() = nullptr) {
    auto& client = begin(counting());
    client.start();
    if (what != nullptr) {
      on_wake(what);
      wake_at_rest_ = 2;
    }
    stop_.request(stop_level::graceful);
    client.look_at_stop();
    return client;
  }

  void session_ended(session&) noexcept override { ++ended_; }
  void session_detached(session&, resting_client client) noexcept override {
    detached_ = std::move(client);
  }
  void session_lingers(session&, os::descriptor socket, deadline until) noexcept override {
    lingering_ = std::move(socket);
    lingers_until_ = until;
  }
  void session_rests(session&, bool begins) noexcept override {
    if (begins && ++rests_ == wake_at_rest_) loop_.wake();
    if (begins && rests_ == leave_at_rest_) leave();
  }
  bool keeps_resting(session&) noexcept override { return keeps_; }
  milliseconds linger_time() noexcept override { return linger_; }

  struct attention : runnable {
    session_alone* test = nullptr;
    void (session_alone::*what)() = nullptr;
  };

  io::epoll_loop loop_;
  attention attention_;
  service offered_;
  connection_limits limits_;
  stop_flag stop_;
  os::descriptor ours_, client_;
  std::optional<session> session_;
  std::optional<resting_client> detached_;
  os::descriptor lingering_;
  deadline lingers_until_;
  int ended_ = 0;
  int rests_ = 0;
  int wake_at_rest_ = 0;
  int leave_at_rest_ = 0;
  bool keeps_ = true;
  milliseconds linger_{50};
};

TEST_F(session_alone, ends_with_its_client) {
  begin(counting()).start();
  EXPECT_TRUE(session_->rests());
  say("a\n");
  leave();
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, a_rest_that_ends_is_a_half_close) {
  auto& client = begin(counting());
  client.start();
  client.end_rest();
  loop_.run();  // the goodbye has an end of its own: nobody closed the other side
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(client.had_turn());
}

TEST_F(session_alone, who_speaks_as_the_rest_ends_is_answered) {
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

// A worker that was told to leave had accepted clients whose first words were under way: they were
// half-closed at once, and a service scaled down lost 1 to 3 newcomers of 1,000.
TEST_F(session_alone, who_has_just_come_may_still_begin_at_a_stop) {
  stop_a_newcomer(&session_alone::speak);
  loop_.run();
  EXPECT_EQ(heard(), "1 a\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

// Members of a pool are told of the stop by a kick that may come at any time.
TEST_F(session_alone, who_may_still_begin_is_not_disturbed_by_hearing_of_the_stop_again) {
  const auto before = steady::now();
  stop_a_newcomer(&session_alone::stop_again);
  leave_at_rest_ = 3;
  loop_.run();
  EXPECT_EQ(rests_, 3) << "the first rest, the wait for first bytes, the goodbye";
  EXPECT_GE(steady::now() - before, linger_);
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, who_may_still_begin_is_given_away_where_he_may_not_wait) {
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

// A pool process whose worker was killed accepted one more client just before it heard of it.
TEST_F(session_alone, who_comes_to_a_plain_handler_in_a_stop_may_still_begin) {
  stop_.request(stop_level::graceful);
  service plain;
  plain.stops_between_reads = true;
  plain.handler = [](connection& client) -> task<> {
    while (auto line = co_await client.read_line())
      static_cast<void>(co_await client.write(as_bytes("heard\n")));
  };
  on_wake(&session_alone::speak);
  wake_at_rest_ = 1;
  begin(plain).start();
  loop_.run();
  EXPECT_EQ(heard(), "heard\n");
  EXPECT_EQ(heard(), "(end)");
  EXPECT_EQ(ended_, 1);
}

TEST_F(session_alone, who_never_begins_at_a_stop_is_half_closed) {
  const auto before = steady::now();
  const auto& client = stop_a_newcomer();
  loop_.run();
  EXPECT_GE(steady::now() - before, linger_) << "no longer than a goodbye may take";
  EXPECT_EQ(heard(), "(end)");
  EXPECT_FALSE(client.had_turn());
}

TEST_F(session_alone, detaches_a_silent_client) {
  begin(counting()).start();
  session_->detach();
  loop_.run();
  ASSERT_TRUE(detached_.has_value());
  EXPECT_EQ(ended_, 0);
  EXPECT_EQ(heard(), "") << "still open";
}

TEST_F(session_alone, who_speaks_as_it_is_detached_is_answered_and_stays) {
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
  ASSERT_TRUE(detached_.has_value()) << "not kept, not even for its first rest";
  for (const auto* expected : {"1 x\n", "2 x\n", "3 x\n"}) {
    say("x\n");
    auto client = std::move(*detached_);
    detached_.reset();
    begin(counting(), std::move(client)).start();
    loop_.run();
    EXPECT_EQ(heard(), expected);
    ASSERT_TRUE(detached_.has_value());
  }
  EXPECT_EQ(rests_, 0);
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

// The worker stood still just there; a request came, and then the stop. The client had his last
// look behind him, and was closed without an answer.
TEST_F(session_alone, who_speaks_before_a_stop_is_answered_though_he_is_being_detached) {
  keeps_ = false;
  loop_that_dwells dwelling([this] {
    say("a\n");
    stop_.request(stop_level::graceful);
  });
  const auto offered = counting();
  session(dwelling, resting_client(std::move(ours_)), offered, limits_, stop_, *this).start();
  ASSERT_TRUE(detached_.has_value());
  begin(offered, std::move(*detached_)).start();
  loop_.run();
  EXPECT_EQ(heard(), "1 a\n");
}

TEST_F(session_alone, what_comes_during_the_goodbye_is_read_away) {
  auto& client = begin(counting());
  client.start();
  client.end_rest();
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

// A client in the middle of a turn was cut by an immediate stop and then said goodbye to for a
// second, all the grace that the master gives before it kills the worker.
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

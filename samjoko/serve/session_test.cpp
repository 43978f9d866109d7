#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
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

  void session_ended(session&) noexcept override { ++ended_; }
  void session_detached(session&, resting_client client) noexcept override {
    detached_ = std::move(client);
  }
  void session_rests(session&, bool begins) noexcept override { rests_ += begins ? 1 : 0; }
  bool keeps_resting(session&) noexcept override { return keeps_; }
  milliseconds linger_time() noexcept override { return linger_; }

  io::epoll_loop loop_;
  service offered_;
  connection_limits limits_;
  stop_flag stop_;
  os::descriptor ours_, client_;
  std::optional<session> session_;
  std::optional<resting_client> detached_;
  int ended_ = 0;
  int rests_ = 0;
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
  linger_ = std::chrono::hours(1);
  auto& client = begin(counting());
  client.start();
  client.end_rest();
  struct order : runnable {
    session_alone* test = nullptr;
  } order;
  order.test = this;
  order.run = [](runnable& self) noexcept {
    static_cast<struct order&>(self).test->stop_at_once();
  };
  loop_.attention = &order;
  loop_.wake();
  loop_.run();
  EXPECT_EQ(ended_, 1);
}

}  // namespace
}  // namespace samjoko::serve

#pragma once
// Charter: for tests (it includes <gtest/gtest.h>): one session, without a model around it.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {

/// One session on an epoll loop, its client at the other end of a pair of sockets.
class session_alone : public ::testing::Test, public session_owner {
 public:
  void stop_at_once() {
    stop_.request(stop_level::immediate);
    session_->look_at_stop();
  }
  void stop_gracefully() {
    stop_.request(stop_level::graceful);
    session_->look_at_stop();
  }
  void stop_again() { session_->look_at_stop(); }
  void speak() { say("a\n"); }
  void detach() { session_->detach(); }
  void hurry() {
    linger_ = milliseconds(10);
    session_->end_idle();
  }

 protected:
  session_alone() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = os::descriptor(ends[0]);
    client_ = os::descriptor(ends[1]);
  }
  ~session_alone() override { session_.reset(); }

  session& begin(const service& offered, client whom) {
    session_.reset();
    offered_ = offered;
    return session_.emplace(host_.emplace(loop_, offered_, limits_, stop_, *this), std::move(whom));
  }
  session& begin(const service& offered) { return begin(offered, {.socket = std::move(ours_)}); }
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
  /// What the test does when the loop is woken, as in a worker that was told something.
  void on_wake(void (session_alone::*what)()) {
    attention_.test = this;
    attention_.what = what;
    attention_.run = [](runnable& self) noexcept {
      auto& me = static_cast<attention&>(self);
      (me.test->*me.what)();
    };
    loop_.attention = &attention_;
  }
  /// Does it as soon as the client is half-closed, for a goodbye that takes an hour.
  void say_goodbye_and(void (session_alone::*what)()) {
    linger_ = std::chrono::hours(1);
    on_wake(what);
    wake_at_wait_ = 2;
    begin(counting()).start();
    say("bye\n");
    loop_.run();
    EXPECT_EQ(heard(), "1 bye\n");
    EXPECT_EQ(heard(), "(end)");
  }

  static service plain() {
    service offered;
    offered.stops_between_reads = true;
    offered.handler = [](connection& client) -> task<> {
      for (;;) {
        auto line = co_await client.read();
        if (!line) co_return;
        static_cast<void>(co_await client.write(as_bytes("heard\n")));
      }
    };
    return offered;
  }

  /// Tells a client that has said nothing of a graceful stop. `what` happens while it may begin.
  session& stop_a_newcomer(void (session_alone::*what)() = nullptr) {
    auto& client = begin(counting());
    client.start();
    if (what != nullptr) {
      on_wake(what);
      wake_at_wait_ = 2;
    }
    stop_.request(stop_level::graceful);
    client.look_at_stop();
    return client;
  }

  void session_ended(session&) noexcept override { ++ended_; }
  void session_detached(session&, client whom) noexcept override { detached_ = std::move(whom); }
  void session_lingers(session&, half_closed_client whom) noexcept override {
    lingering_ = std::move(whom.socket);
    lingers_until_ = whom.until;
  }
  void session_idle(session&, bool begins) noexcept override {
    if (begins && ++waits_ == wake_at_wait_) loop_.wake();
    if (begins && waits_ == leave_at_wait_) leave();
  }
  bool keeps_idle(session&) noexcept override { return keeps_; }
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
  std::optional<session_host> host_;
  std::optional<session> session_;
  std::optional<client> detached_;
  os::descriptor lingering_;
  deadline lingers_until_;
  int ended_ = 0;
  int waits_ = 0;
  int wake_at_wait_ = 0;
  int leave_at_wait_ = 0;
  bool keeps_ = true;
  milliseconds linger_{50};
};

}  // namespace samjoko::serve

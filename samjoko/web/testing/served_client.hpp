#pragma once
// Charter: for tests: one client of a service over a socket pair. A session on a loop in a thread
// of its own runs the service as in a real worker; the test is the client.

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <optional>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/serve/session.hpp>
#include <string>
#include <thread>

namespace samjoko::web {

enum class loop_kind { blocking, epoll };

class served_client : private serve::session_owner {
 public:
  served_client(const service& offered, loop_kind kind, connection_limits limits = {})
      : offered_(offered), limits_(limits) {
    int pair[2];
    const int mode = kind == loop_kind::epoll ? SOCK_NONBLOCK : 0;
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | mode, 0, pair), 0);
    mine_ = os::descriptor(pair[0]);
    thread_ = std::jthread([this, kind, theirs = pair[1]] { run(kind, os::descriptor(theirs)); });
    running_.wait(false);
  }
  ~served_client() {
    ::shutdown(mine_.get(), SHUT_RDWR);
    thread_.join();
  }

  /// Sends `text` so that the server sees it in reads of `piece` bytes; 0: whole.
  void send(std::string_view text, std::size_t piece = 0) {
    while (!text.empty()) {
      const auto now = text.substr(0, piece == 0 ? text.size() : piece);
      const auto sent = ::send(mine_.get(), now.data(), now.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) return;
      take_in();
      if (piece != 0) wait_until_read();
    }
  }
  void finish_sending() { ::shutdown(mine_.get(), SHUT_WR); }
  void stop(stop_level level = stop_level::graceful) {
    stop_.request(level);
    loop_->wake();
  }

  /// Receives until `text` has come; false at the end of the stream.
  bool wait_for(std::string_view text) {
    while (received_.find(text) == std::string::npos) {
      if (!take_in(-1)) return false;
    }
    return true;
  }
  /// All that comes until the server closes.
  std::string rest() {
    while (take_in(-1)) {
    }
    return std::exchange(received_, {});
  }
  [[nodiscard]] std::string& received() noexcept { return received_; }

 private:
  void session_ended(serve::session&) noexcept override {}
  milliseconds linger_time() noexcept override { return milliseconds(100); }

  void run(loop_kind kind, os::descriptor socket) {
    {
      std::optional<io::blocking_loop> blocking;
      std::optional<io::epoll_loop> epoll;
      if (kind == loop_kind::blocking) {
        loop_ = &blocking.emplace();
      } else {
        loop_ = &epoll.emplace();
      }
      serve::session_host host(*loop_, offered_, limits_, stop_, *this);
      serve::session session(host, {.socket = std::move(socket)});
      look_.session = &session;
      look_.run = [](runnable& self) noexcept { static_cast<look&>(self).session->look_at_stop(); };
      loop_->attention = &look_;
      running_ = true;
      running_.notify_one();
      session.start();
      loop_->run();
    }
    frame_pool::drain();
  }

  /// Receives what has come; false at the end of the stream.
  bool take_in(int wait = 0) {
    pollfd readable{.fd = mine_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, wait) == 0) return true;
    char room[4096];
    const auto got = ::recv(mine_.get(), room, sizeof room, MSG_DONTWAIT);
    if (got > 0) received_.append(room, static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EAGAIN);
  }

  /// SIOCOUTQ counts what the peer has not read (man 7 unix).
  void wait_until_read() {
    for (int unread = 1; unread > 0;) {
      if (::ioctl(mine_.get(), SIOCOUTQ, &unread) != 0) return;
      pollfd gone{.fd = mine_.get(), .events = 0, .revents = 0};
      if (::poll(&gone, 1, 0) > 0) return;
      take_in();  // the server may be waiting for the client to read
      std::this_thread::yield();
    }
  }

  struct look : runnable {
    serve::session* session = nullptr;
  };

  const service& offered_;
  connection_limits limits_;
  stop_flag stop_;
  os::descriptor mine_;
  io::loop* loop_ = nullptr;
  look look_;
  std::string received_;
  std::atomic<bool> running_ = false;
  std::jthread thread_;
};

/// What comes back for `input`, sent in pieces and followed by the end of the stream.
inline std::string answers_to(const service& offered, std::string_view input, std::size_t piece = 0,
                              loop_kind kind = loop_kind::epoll) {
  served_client client(offered, kind);
  client.send(input, piece);
  client.finish_sending();
  return client.rest();
}

/// The Date line depends on when a test runs.
inline std::string without_dates(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    text.erase(at, text.find("\r\n", at + 2) - at);
  }
  return text;
}

}  // namespace samjoko::web

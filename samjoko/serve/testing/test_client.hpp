#pragma once
// Charter: for tests: a client that blocks, for a limited time, and reports what it saw.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/socket.hpp>
#include <string>
#include <string_view>

namespace samjoko::serve {

/// Far longer than anything takes; only a failing test waits for it.
inline deadline patience() { return deadline::after(std::chrono::seconds(15)); }

class test_client {
 public:
  struct form {
    std::string from = {};   ///< the address to bind to, for another peer; "": any
    int receive_buffer = 0;  ///< of the kernel; 0: its default
  };

  explicit test_client(const os::address& to) : test_client(to, form()) {}
  test_client(const os::address& to, const form& how)
      : socket_(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (!how.from.empty()) {
      const auto from = os::address::parse(how.from).value();
      EXPECT_EQ(::bind(socket_.get(), from.data(), from.size()), 0);
    }
    if (how.receive_buffer != 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &how.receive_buffer,
                   sizeof how.receive_buffer);
    }
    EXPECT_EQ(::connect(socket_.get(), to.data(), to.size()), 0) << reason(errno);
  }

  [[nodiscard]] int socket() const { return socket_.get(); }

  /// Whether all of it could be handed to the kernel.
  bool send(std::string_view all) const {
    while (!all.empty()) {
      pollfd wait{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
      if (os::poll_until({&wait, 1}, patience()) != 1) return false;
      const auto count = ::send(socket_.get(), all.data(), all.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN) return false;
      if (count > 0) all.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Exactly so many bytes, or fewer when the end or a failure comes first.
  std::string receive(std::size_t size) {
    std::string got;
    while (got.size() < size) {
      std::string some(size - got.size(), '\0');
      const auto count = receive_some(some.data(), some.size());
      if (count <= 0) break;
      got.append(some, 0, static_cast<std::size_t>(count));
    }
    return got;
  }
  /// Up to and with the next LF.
  std::string receive_line() {
    std::string got;
    while (!got.ends_with('\n')) {
      const auto one = receive(1);
      if (one.empty()) break;
      got += one;
    }
    return got;
  }
  std::string receive_to_end() {
    std::string got;
    for (;;) {
      const auto some = receive(4096);
      got += some;
      if (some.size() < 4096) return got;
    }
  }
  std::string ask(std::string_view question) {
    EXPECT_TRUE(send(question));
    return receive_line();
  }
  /// Whether the other side has finished sending, orderly and without another byte.
  [[nodiscard]] ::testing::AssertionResult sees_end() {
    char byte = 0;
    const auto count = receive_some(&byte, 1);
    if (count == 0) return ::testing::AssertionSuccess();
    if (count > 0) return ::testing::AssertionFailure() << "another byte came: " << int{byte};
    return ::testing::AssertionFailure() << reason(errno);
  }
  /// Whether the connection is over, in whatever way.
  [[nodiscard]] bool is_cut_off() {
    char byte = 0;
    while (receive_some(&byte, 1) > 0) {
    }
    return errno != ETIMEDOUT;
  }
  void finish_sending() const { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }

 private:
  ssize_t receive_some(char* into, std::size_t size) {
    errno = 0;
    if (!os::wait_readable(socket_.get(), patience())) {
      ADD_FAILURE() << "nothing came in all that time";
      errno = ETIMEDOUT;
      return -1;
    }
    return ::recv(socket_.get(), into, size, 0);
  }

  os::descriptor socket_;
};

}  // namespace samjoko::serve

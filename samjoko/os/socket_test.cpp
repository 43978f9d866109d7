#include <samjoko/os/socket.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace samjoko::os {
namespace {

class sockets : public ::testing::Test {
 protected:
  sockets() { EXPECT_NE(::mkdtemp(folder.data()), nullptr); }
  ~sockets() override { std::filesystem::remove_all(folder); }
  std::string path() const { return folder + "/s"; }
  address where() const { return *address::parse("unix:" + path()); }

  std::string folder = "/tmp/samjoko-os-XXXXXX";
};

address bound(const descriptor& listener) { return *local_address(listener.get()); }
int connect_errno(const address& to) {
  auto from = socket_for(to);
  if (::connect(from->get(), to.data(), to.size()) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait{.fd = from->get(), .events = POLLOUT, .revents = 0};
  ::poll(&wait, 1, 5000);
  return take_error(from->get());
}
int flags_of(int socket, int which) { return ::fcntl(socket, which); }

TEST_F(sockets, a_listener_is_close_on_exec_and_non_blocking_on_a_port_of_the_kernel_s_choice) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0", ":0"}) {
    const auto listener = listen_on(*address::parse(text));
    ASSERT_TRUE(listener) << listener.error().sentence();
    EXPECT_NE(bound(*listener).port(), 0u);
    EXPECT_FALSE(is_blocking(listener->get()));
    EXPECT_NE(flags_of(listener->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(connect_errno(*address::parse(std::string(*text == '[' ? "[::1]:" : "127.0.0.1:") +
                                            std::to_string(bound(*listener).port()))),
              0);
  }
}

TEST_F(sockets, an_ipv6_address_takes_no_ipv4_unless_only_the_port_was_said) {
  const auto only_six = listen_on(*address::parse("[::]:0"));
  const auto port = std::to_string(bound(*only_six).port());
  EXPECT_EQ(connect_errno(*address::parse("127.0.0.1:" + port)), ECONNREFUSED);
  EXPECT_EQ(connect_errno(*address::parse("[::1]:" + port)), 0);
}

TEST_F(sockets, an_address_in_use_is_named) {
  const auto first = listen_on(*address::parse("127.0.0.1:0"));
  const auto text = bound(*first).text();
  const auto second = listen_on(*address::parse(text));
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(EADDRINUSE));
  EXPECT_EQ(second.error().sentence(), "bind " + text + ": Address already in use");
}

TEST_F(sockets, a_stale_unix_socket_is_replaced_and_a_live_one_is_in_use) {
  auto first = listen_on(where());
  ASSERT_TRUE(first);
  const auto second = listen_on(where());
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(EADDRINUSE));
  EXPECT_EQ(connect_errno(where()), 0) << "the live one was harmed";
  first->reset();
  EXPECT_EQ(connect_errno(where()), ECONNREFUSED);
  EXPECT_TRUE(listen_on(where())) << "the stale one was not replaced";
}

// A full backlog answers EAGAIN, not ECONNREFUSED: a process listens there.
TEST_F(sockets, a_live_unix_socket_with_a_full_backlog_is_in_use) {
  listen_options options;
  options.backlog = 0;
  const auto first = listen_on(where(), options);
  std::vector<descriptor> waiting;
  for (int code = 0; code == 0;) {
    waiting.push_back(std::move(*socket_for(where())));
    code = ::connect(waiting.back().get(), where().data(), where().size());
  }
  ASSERT_EQ(errno, EAGAIN);
  EXPECT_FALSE(listen_on(where()));
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(sockets, a_file_that_merely_has_the_name_is_left_alone) {
  std::ofstream(path()) << "precious";
  const auto made = listen_on(where());
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().is(EADDRINUSE));
  EXPECT_EQ(std::filesystem::file_size(path()), 8u);
}

TEST_F(sockets, a_unix_file_has_the_mode_and_owner_that_were_asked_for) {
  listen_options options;
  options.unix_mode = 0620;
  options.unix_owner = std::to_string(::geteuid()) + ":" + std::to_string(::getegid());
  ASSERT_TRUE(listen_on(where(), options));
  struct stat found{};
  ASSERT_EQ(::stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0620u);
  EXPECT_EQ(found.st_uid, ::geteuid());
}

TEST_F(sockets, an_owner_that_nobody_is_called_is_an_error) {
  listen_options options;
  options.unix_owner = "nobody-is-called-so";
  const auto made = listen_on(where(), options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().sentence(), "owner nobody-is-called-so: No such file or directory");
}

TEST_F(sockets, an_inherited_descriptor_must_listen) {
  const auto number = [](int fd) { return *address::parse("fd:" + std::to_string(fd)); };
  const auto given = listen_on(*address::parse("127.0.0.1:0"));
  ASSERT_TRUE(set_blocking(given->get(), true));
  const auto adopted = listen_on(number(given->get()));
  ASSERT_TRUE(adopted);
  EXPECT_NE(adopted->get(), given->get());
  EXPECT_FALSE(is_blocking(adopted->get()));
  EXPECT_EQ(bound(*adopted).port(), bound(*given).port());

  const auto silent = socket_for(*address::parse("127.0.0.1:1"));
  EXPECT_FALSE(listen_on(number(silent->get())));
  const descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(listen_on(number(file.get())).error().is(ENOTSOCK));
  EXPECT_TRUE(listen_on(number(1'000'000)).error().is(EBADF));
}

TEST_F(sockets, both_ends_know_their_addresses) {
  const auto listener = listen_on(*address::parse("127.0.0.1:0"));
  const auto to = bound(*listener);
  const auto from = socket_for(to);
  ASSERT_TRUE(set_blocking(from->get(), true));
  ASSERT_EQ(::connect(from->get(), to.data(), to.size()), 0);
  EXPECT_EQ(peer_address(from->get())->text(), to.text());
  EXPECT_TRUE(peer_address(listener->get()).error().is(ENOTCONN));
  EXPECT_TRUE(local_address(-1).error().is(EBADF));
}

TEST_F(sockets, options_are_set_and_taken_back) {
  const auto socket = socket_for(*address::parse("127.0.0.1:1"));
  EXPECT_FALSE(is_blocking(socket->get()));
  ASSERT_TRUE(set_blocking(socket->get(), true));
  EXPECT_TRUE(is_blocking(socket->get()));
  EXPECT_TRUE(set_blocking(-1, true).error().is(EBADF));

  set_no_delay(socket->get());
  int on = 0;
  socklen_t size = sizeof on;
  ASSERT_EQ(::getsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_EQ(on, 1);

  for (const auto limit : {std::chrono::milliseconds(1500), std::chrono::milliseconds(0)}) {
    set_receive_timeout(socket->get(), limit);
    timeval time{};
    size = sizeof time;
    ASSERT_EQ(::getsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &time, &size), 0);
    // The kernel rounds up to its ticks.
    const auto milliseconds = time.tv_sec * 1000 + time.tv_usec / 1000;
    EXPECT_GE(milliseconds, limit.count());
    EXPECT_LE(milliseconds, limit.count() + (limit.count() == 0 ? 0 : 20));
  }
}

// A client that is in the backlog when the handshakes are held is still accepted; a later client is
// not.
TEST_F(sockets, held_handshakes_leave_the_backlog_as_it_is) {
  const auto listener = listen_on(*address::parse("127.0.0.1:0"));
  const auto to = bound(*listener);
  const auto before = socket_for(to);
  ASSERT_TRUE(set_blocking(before->get(), true));
  ASSERT_EQ(::connect(before->get(), to.data(), to.size()), 0);
  hold_new_handshakes(listener->get());
  const auto after = socket_for(to);
  ASSERT_NE(::connect(after->get(), to.data(), to.size()), 0);
  ASSERT_EQ(errno, EINPROGRESS);
  EXPECT_TRUE(descriptor(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)));
  pollfd wait{.fd = after->get(), .events = POLLOUT, .revents = 0};
  EXPECT_EQ(::poll(&wait, 1, 20), 0) << "the handshake was completed all the same";
}

}  // namespace
}  // namespace samjoko::os

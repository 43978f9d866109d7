#pragma once
// Charter: tries a handler out in a unit test, in memory, without sockets or waiting. Turns are
// restarted from the top after each of them, as in a server, so the first test finds a local
// variable that should have been state.
//
// `converse` is one client with a script:
//
//   EXPECT_EQ(samjoko::converse(my_service(), {"one\n", "two\n"}), "1\n2\n");
//
// `test_server` is a whole server with several clients, a clock of its own and a stop:
//
//   samjoko::test_server server(my_service());
//   auto alice = server.connect();
//   alice.send("one\n");
//   EXPECT_EQ(alice.received(), "1\n");
//   server.pass(std::chrono::seconds(60));  // no test waits for that long
//   EXPECT_TRUE(alice.sees_end());

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <samjoko/net/limits.hpp>
#include <samjoko/service/handler.hpp>
#include <string>
#include <string_view>

namespace samjoko {

/// Each piece of the script arrives by itself, when the handler waits for bytes; then the client
/// has finished sending. Returns all that was written, including files that were sent. Sleeps end
/// at once. A handler that waits for something the script never provides ends the program with a
/// message. A handler that connects elsewhere gets ENETUNREACH. An exception of a handler closes
/// its client and is logged, as in a server.
[[nodiscard]] std::string converse(const service& offered,
                                   std::initializer_list<std::string_view> script);

struct test_options {
  /// Decides in which order clients are served, and in what pieces bytes come and go. The same seed
  /// gives the same run. A loop over seeds is a good test.
  std::uint64_t seed = 1;
  connection_limits limits{};
};

class test_server;

/// One client of a test_server. A handle: copies are the same client, which lives as long as its
/// server.
class test_client {
 public:
  /// The bytes are sent as fast as the service takes them.
  void send(std::string_view text);
  /// What the service wrote since the last call, as far as it goes without time passing (4 MiB at
  /// most). Empty when it waits for something.
  [[nodiscard]] std::string received();
  /// Whether the service has closed the connection, and everything before that was received.
  [[nodiscard]] bool sees_end();
  /// Whether the connection was aborted; then the service wrote more than was received.
  [[nodiscard]] bool sees_reset();
  /// While it does not read, what the service writes fills the connection (64 KiB), and its writes
  /// wait.
  void reads(bool yes);
  /// The client has finished sending (shutdown), and still reads.
  void finish_sending();
  /// The client closes. Bytes that it has not read abort the connection.
  void leave();

 private:
  friend class test_server;
  test_client(test_server& of, std::size_t number) noexcept : of_(&of), number_(number) {}
  test_server* of_;
  std::size_t number_;
};

/// A server of one service on a simulated loop: all clients share one thread, as in the model
/// multiplex. Its clock stands still but in pass(). One at a time in a thread; it is used by that
/// thread alone.
///
/// Handlers cannot start programs, wait for signals, use the hub or connect elsewhere here:
/// EOPNOTSUPP, ENOTCONN, ECONNREFUSED. A handler that waits for what no code provides does so until
/// its client is closed.
class test_server {
 public:
  explicit test_server(service offered, test_options options = test_options());
  ~test_server();
  test_server(const test_server&) = delete;
  test_server& operator=(const test_server&) = delete;

  /// A new client. `from`: its address, an IPv4, IPv6 or unix address (os::address::parse).
  [[nodiscard]] test_client connect(std::string_view from = "192.0.2.1:50000");
  /// Lets so much time pass; limits and sleeps that are due in it end.
  void pass(milliseconds time);
  /// Tells the service to stop. Graceful: turns that have begun are finished, idle clients are
  /// closed; immediate: all are closed.
  void stop(stop_level how = stop_level::graceful);
  /// How many clients the service still serves, or has not finished to close.
  [[nodiscard]] std::size_t open_clients();

 private:
  friend class test_client;
  class inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace samjoko

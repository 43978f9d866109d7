#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <samjoko/os/poll.hpp>
#include <samjoko/serve/idle_queue.hpp>
#include <vector>

namespace samjoko::serve {
namespace {

class idle_clients : public ::testing::Test {
 protected:
  /// Keeps a client and returns the client's end.
  os::descriptor keep(const char* peer, milliseconds idle = milliseconds(0),
                      bool had_turn = false) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    queue_.keep({.socket = os::descriptor(ends[0]), .held = named(peer), .had_turn = had_turn},
                idle);
    return os::descriptor(ends[1]);
  }
  /// The same for a client that is half-closed already.
  os::descriptor linger(const char* peer, steady::time_point until) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    queue_.linger(
        {.socket = os::descriptor(ends[0]), .held = named(peer), .until = deadline(until)});
    return os::descriptor(ends[1]);
  }
  /// The two ends of a connection; the second has little room for what comes.
  static std::pair<os::descriptor, os::descriptor> over_tcp() {
    const os::descriptor door(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    os::descriptor reader(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof name;
    auto* where = reinterpret_cast<sockaddr*>(&name);
    const int little = 8192, much = 2'000'000;
    ::setsockopt(reader.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    EXPECT_EQ(::bind(door.get(), where, size), 0);
    EXPECT_EQ(::listen(door.get(), 1), 0);
    EXPECT_EQ(::getsockname(door.get(), where, &size), 0);
    EXPECT_EQ(::connect(reader.get(), where, size), 0);
    os::descriptor server(::accept4(door.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ::setsockopt(server.get(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much);
    return {std::move(server), std::move(reader)};
  }
  void look() {
    queue_.take_ready([this](client spoke) { spoke_.push_back(std::move(spoke)); });
  }
  /// A letter tells clients apart. It is carried as the number of their seat.
  permit named(const char* letter) {
    return {gone_, {.in_all = static_cast<std::uint32_t>(*letter), .of_peer = 0}};
  }
  static char name_of(const client& which) { return static_cast<char>(which.held.held().in_all); }
  [[nodiscard]] static bool sees_end(const os::descriptor& client) {
    char byte = 0;
    return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

  const connection_limits limits_;
  struct letters_of_the_gone final : permit_issuer {
    std::string text;
    void leave(seats held) noexcept override { text += static_cast<char>(held.in_all); }
  };
  letters_of_the_gone gone_;
  idle_queue queue_{limits_};
  std::vector<client> spoke_;
};

TEST_F(idle_clients, hands_out_who_spoke) {
  const auto silent = keep("a");
  const auto talker = keep("b");
  EXPECT_FALSE(os::wait_readable(queue_.descriptor(), deadline::after(milliseconds(0))));
  ASSERT_EQ(::send(talker.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_TRUE(os::wait_readable(queue_.descriptor(), deadline::after(std::chrono::seconds(10))));
  look();
  ASSERT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(name_of(spoke_[0]), 'b');
  EXPECT_EQ(queue_.size(), 1u);
  EXPECT_FALSE(sees_end(silent));
}

TEST_F(idle_clients, hears_what_was_said_before) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const os::descriptor client(ends[1]);
  ASSERT_EQ(::send(client.get(), "x", 1, MSG_NOSIGNAL), 1);
  queue_.keep({.socket = os::descriptor(ends[0]), .held = named("a")}, milliseconds(0));
  look();
  EXPECT_EQ(spoke_.size(), 1u);
}

TEST_F(idle_clients, hands_out_all_who_spoke_however_many) {
  std::vector<os::descriptor> clients;
  for (int each = 0; each < 150; ++each) {
    clients.push_back(keep("a"));
    ASSERT_EQ(::send(clients.back().get(), "x", 1, MSG_NOSIGNAL), 1);
  }
  look();
  EXPECT_EQ(spoke_.size(), 150u) << "before they are said goodbye to, not one may be overlooked";
}

TEST_F(idle_clients, says_goodbye_to_who_is_silent_too_long) {
  const auto client = keep("a", milliseconds(100));
  const auto other = keep("b", milliseconds(100));
  queue_.expire(steady::now());
  EXPECT_FALSE(sees_end(client));
  EXPECT_FALSE(queue_.next_expiry().is_never());
  queue_.expire(steady::now() + milliseconds(200));
  EXPECT_TRUE(sees_end(client));
  EXPECT_EQ(queue_.size(), 2u) << "read to their end for a moment";
  ASSERT_EQ(::send(client.get(), "late", 4, MSG_NOSIGNAL), 4);
  look();
  EXPECT_EQ(queue_.size(), 2u) << "late words are read away";
  ::shutdown(client.get(), SHUT_WR);
  look();
  EXPECT_EQ(gone_.text, "a");
  queue_.expire(steady::now() + std::chrono::seconds(5));
  EXPECT_EQ(gone_.text, "ab");
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_TRUE(queue_.next_expiry().is_never());
}

TEST_F(idle_clients, reads_half_closed_clients_to_their_end_each_in_its_own_time) {
  const auto now = steady::now();
  const auto later = linger("b", now + std::chrono::seconds(20));
  const auto sooner = linger("a", now + std::chrono::seconds(10));
  const auto parting = linger("c", now + std::chrono::seconds(30));
  EXPECT_EQ(queue_.next_expiry(), deadline(now + std::chrono::seconds(10)));
  ASSERT_EQ(::send(parting.get(), "late", 4, MSG_NOSIGNAL), 4);
  look();
  EXPECT_EQ(gone_.text, "") << "late words are read away";
  ::shutdown(parting.get(), SHUT_WR);
  look();
  EXPECT_EQ(gone_.text, "c");
  queue_.expire(now + std::chrono::seconds(10));
  EXPECT_EQ(gone_.text, "ca");
  queue_.expire(now + std::chrono::seconds(20));
  EXPECT_EQ(gone_.text, "cab");
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_TRUE(spoke_.empty());
}

// The client's time is over, but it takes what is under way to it: a close would reset that away.
TEST_F(idle_clients, a_slow_reader_is_waited_for_while_it_takes_some) {
  auto [server, reader] = over_tcp();
  const std::string answer(1'000'000, 'x');
  const auto written =
      ::send(server.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ASSERT_GT(written, 500'000);
  ::shutdown(server.get(), SHUT_WR);
  auto now = steady::now();
  queue_.linger({.socket = std::move(server), .held = named("a"), .until = deadline(now)});
  const auto other = linger("b", now + std::chrono::milliseconds(1500));
  std::string taken(100'000, '\0');
  for (int times = 0; times < 4; ++times) {
    now += std::chrono::seconds(1);
    queue_.expire(now);
    EXPECT_EQ(gone_.text, times == 0 ? "" : "b") << "each in its own time";
    ASSERT_EQ(::recv(reader.get(), taken.data(), taken.size(), MSG_WAITALL), 100'000);
  }
  now += linger_times_without_progress * usual_linger_time;
  queue_.expire(now);
  EXPECT_EQ(gone_.text, "b") << "some was taken since the last look";
  queue_.expire(now + linger_times_without_progress * usual_linger_time);
  EXPECT_EQ(gone_.text, "ba") << "nothing any more";
}

TEST_F(idle_clients, a_reader_that_was_cut_gets_no_more_time) {
  auto [server, reader] = over_tcp();
  const std::string answer(500'000, 'x');
  ASSERT_GT(::send(server.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT), 0);
  queue_.linger({.socket = std::move(server),
                 .held = named("a"),
                 .until = deadline(steady::now()),
                 .gets_more_time = false});
  queue_.expire(steady::now());
  EXPECT_EQ(gone_.text, "a");
}

// A client that sent without a pause was read without a pause, and no other client was looked at.
TEST_F(idle_clients, half_closed_clients_that_never_fall_silent_keep_nobody_waiting) {
  std::vector<os::descriptor> talkers;
  const std::string much(300'000, 'x');
  const int room = 1 << 20;
  for (int each = 0; each < 70; ++each) {
    talkers.push_back(linger("t", steady::now() + std::chrono::hours(1)));
    ::setsockopt(talkers.back().get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    // More than one look reads away, else the client would be read to its end.
    ASSERT_GT(::send(talkers.back().get(), much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT),
              200'000);
    ::shutdown(talkers.back().get(), SHUT_WR);
  }
  const auto client = keep("a");
  ASSERT_EQ(::send(client.get(), "x", 1, MSG_NOSIGNAL), 1);
  look();
  EXPECT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(gone_.text, "") << "there is more of each to be read away";
}

// As at a stop of a session alone: see first_bytes_time.
TEST_F(idle_clients, those_that_never_had_a_turn_may_still_begin) {
  const auto newcomer = keep("a");
  const auto silent = keep("b");
  const auto before = steady::now();
  queue_.close_all();
  queue_.close_all();
  EXPECT_FALSE(sees_end(newcomer));
  EXPECT_LE(queue_.next_expiry(), deadline(steady::now() + first_bytes_time));
  ASSERT_EQ(::send(newcomer.get(), "x", 1, MSG_NOSIGNAL), 1);
  look();
  ASSERT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(name_of(spoke_[0]), 'a');
  queue_.expire(before + first_bytes_time - milliseconds(1));
  EXPECT_FALSE(sees_end(silent));
  queue_.expire(steady::now() + first_bytes_time);
  EXPECT_TRUE(sees_end(silent));
}

TEST_F(idle_clients, closes_all_and_drops_all) {
  const auto first = keep("a", milliseconds(0), true);
  const auto second = keep("b");
  queue_.close_all();
  EXPECT_TRUE(sees_end(first));
  EXPECT_EQ(queue_.size(), 2u);
  const auto third = keep("c");
  queue_.drop_all();
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(gone_.text, "bca");
  EXPECT_TRUE(sees_end(third));
}

}  // namespace
}  // namespace samjoko::serve

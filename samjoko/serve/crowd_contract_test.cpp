// Many clients at once, in every model: bytes exact, every client served.

#include <random>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

constexpr std::size_t clients_at_once = 200;

/// One of the clients: sends a text in pieces of any size and compares what comes back.
struct talker {
  talker(test_client the_client, unsigned seed) : client(std::move(the_client)), random(seed) {
    text.resize(500 + random() % 20'000);
    for (auto& each : text) each = static_cast<char>(random());
  }

  [[nodiscard]] bool is_done() const { return received == text.size(); }
  /// One send or receive that does not wait. False when something went wrong.
  bool step(short events) {
    if ((events & POLLOUT) != 0 && sent < text.size()) {
      const auto size = std::min<std::size_t>(text.size() - sent, 1 + random() % 4000);
      const auto count =
          ::send(client.socket(), text.data() + sent, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN) return false;
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    if ((events & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
    std::array<char, 3000> some;
    const auto count =
        ::recv(client.socket(), some.data(), 1 + random() % some.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN;
    const std::string_view got(some.data(), static_cast<std::size_t>(count));
    const bool right = count > 0 && text.compare(received, got.size(), got) == 0;
    received += got.size();
    return right;
  }

  test_client client;
  std::minstd_rand random;
  std::string text;
  std::size_t sent = 0;
  std::size_t received = 0;
};

/// All send in turns until each has received everything back.
::testing::AssertionResult let_all_talk(std::vector<talker>& crowd) {
  const auto until = deadline::after(std::chrono::seconds(120));
  for (;;) {
    std::vector<pollfd> waits;
    std::vector<talker*> talking;
    for (auto& each : crowd) {
      if (each.is_done()) continue;
      const bool may_send = each.sent < each.text.size();
      waits.push_back({.fd = each.client.socket(),
                       .events = static_cast<short>(may_send ? POLLIN | POLLOUT : POLLIN),
                       .revents = 0});
      talking.push_back(&each);
    }
    if (talking.empty()) return ::testing::AssertionSuccess();
    if (os::poll_until(waits, until) == 0)
      return ::testing::AssertionFailure() << talking.size() << " clients wait in vain";
    for (std::size_t index = 0; index < waits.size(); ++index) {
      if (waits[index].revents != 0 && !talking[index]->step(waits[index].revents))
        return ::testing::AssertionFailure() << "bytes lost or changed";
    }
  }
}

TEST_P(model_contract, two_hundred_clients_at_once_get_their_own_bytes) {
  running_model server(GetParam(), echo());
  std::vector<talker> crowd;
  crowd.reserve(clients_at_once);
  for (unsigned seed = 1; seed <= clients_at_once; ++seed)
    crowd.emplace_back(server.connect(), seed);
  EXPECT_TRUE(let_all_talk(crowd)) << server.log();
  crowd.clear();
  EXPECT_TRUE(server.serves_nobody());
  EXPECT_EQ(server.counts().accepted.load(), clients_at_once);
  server.stop_and_expect_end();
}

// The machine decides how large a pool grows meanwhile. On a busy machine the next client comes
// before the member that served the last one is back in accept; 14 threads were seen for clients
// that came one by one. What counts is what is left of the pool.
TEST_P(model_contract, clients_one_after_the_other_leave_nothing_behind) {
  serve_limits limits;
  limits.pool_min = 3;
  limits.pool_idle = milliseconds(200);
  running_model server(GetParam(), echo(), {.limits = limits});
  for (int each = 0; each < 300; ++each) EXPECT_EQ(server.connect().ask("x\n"), "x\n");
  EXPECT_TRUE(server.serves_nobody());
  EXPECT_EQ(server.counts().accepted.load(), 300u);
  const std::size_t kept = GetParam().is_pool() ? limits.pool_min : 0;
  EXPECT_TRUE(eventually([&] { return server.members() == kept; })) << server.members();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

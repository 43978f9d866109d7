// The time of day jumps by hours and decades, and every deadline is kept: nothing waits by it. The
// machine's own clock is never set; the library reads a false one.

#include <array>
#include <atomic>
#include <samjoko/base/check.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

using std::chrono::hours;

/// Returns another time at each look: forward and back by an hour and by ten years, past the last
/// second of 32 bits, and the same as before.
std::chrono::system_clock::time_point jumping() noexcept {
  constexpr std::array jumps = {hours(0),       hours(1),         hours(-1),       hours(87'660),
                                hours(-87'660), hours(24 * 4800), hours(24 * 4800)};
  static std::atomic<std::size_t> looks{0};
  const std::chrono::system_clock::time_point noon(std::chrono::seconds(1'764'072'000));
  return noon + jumps[looks.fetch_add(1) % jumps.size()];
}

struct jumping_wall_clock {
  jumping_wall_clock() { os::play_wall_clock(jumping); }
  ~jumping_wall_clock() { os::play_wall_clock(nullptr); }
  jumping_wall_clock(const jumping_wall_clock&) = delete;
  jumping_wall_clock& operator=(const jumping_wall_clock&) = delete;
};

TEST_P(model_contract, a_wall_clock_that_jumps_moves_no_idle_limit) {
  const jumping_wall_clock jumps;
  serve_limits limits;
  limits.connection.idle = milliseconds(250);
  running_model server(GetParam(), echo(), {.limits = limits});
  for (int turn = 0; turn < 3; ++turn) {
    server.freeze();
    auto client = server.connect();
    EXPECT_TRUE(client.send("x\n"));
    const auto before = steady::now();
    server.thaw();
    EXPECT_FALSE(client.receive_line().empty());
    EXPECT_TRUE(client.sees_end());
    const auto taken = steady::now() - before;
    EXPECT_GE(taken, milliseconds(250));
    EXPECT_LT(taken, std::chrono::seconds(10)) << "an hour would be longer";
    client.close();
  }
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_wall_clock_that_jumps_moves_no_deadline) {
  const jumping_wall_clock jumps;
  running_model server(GetParam(), {.name = "hurry", .handler = one_line_in_time});
  server.freeze();
  auto client = server.connect();
  const auto before = steady::now();
  server.thaw();
  EXPECT_EQ(client.receive_line(), "late\n");
  const auto taken = steady::now() - before;
  EXPECT_GE(taken, milliseconds(300));
  EXPECT_LT(taken, std::chrono::seconds(10));
  client.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_wall_clock_that_jumps_keeps_connections_open) {
  const jumping_wall_clock jumps;
  running_model server(GetParam(), counting());
  auto client = server.connect();
  for (int turn = 1; turn <= 50; ++turn) {
    EXPECT_TRUE(client.send("x\n"));
    ASSERT_EQ(client.receive_line(), std::to_string(turn) + " x\n");
    log::info(log::every("test"), "each line looks at the clock");
  }
  client.close();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

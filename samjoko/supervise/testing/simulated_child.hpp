#pragma once
// Charter: for tests: a worker in a simulation of the master. It has no process. One seed decides
// when it is ready, how it ends, and what it does when it is told to stop.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/plan_table.hpp>

namespace samjoko::supervise {

/// Gives the same numbers on every machine, unlike the standard distributions.
class seeded {
 public:
  explicit seeded(std::uint64_t seed) : engine_(seed) {}
  /// 0 to `limit` - 1.
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  /// From `least` to below `most`, spread over orders of magnitude: short times are as likely as
  /// long ones.
  steady::duration between(milliseconds least, milliseconds most) {
    auto span = std::chrono::microseconds(most - least).count();
    for (auto halvings = below(10); halvings > 0; --halvings) span = span / 2 + 1;
    return least + std::chrono::microseconds(below(static_cast<std::uint64_t>(span)));
  }

 private:
  std::mt19937_64 engine_;
};

/// What most workers of one run do.
enum class mood : std::uint8_t { healthy, crashing, never_booting, asking_for_no_more, mixed };

/// What a worker will do by itself after its fork, and what it will do when it is told to stop.
struct fate {
  std::optional<steady::duration> ready;   ///< none: it never is
  std::optional<steady::duration> serves;  ///< after it was ready it takes a client
  std::optional<steady::duration> leaves;  ///< after that it says that it stops by itself
  std::optional<steady::duration> ends;    ///< none: only when it is told
  os::exit_status how = os::exit_status::exited(0);
  std::optional<steady::duration> obeys;  ///< a graceful stop; none: it drains for ever
  std::optional<steady::duration> obeys_at_once;
  bool garbles = false;  ///< sends a message that the master cannot understand
  bool stops = false;    ///< by SIGSTOP, and goes on
};

inline os::exit_status some_end(seeded& random) {
  constexpr std::array signals = {SIGKILL, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGTERM};
  if (random.one_in(2)) return os::exit_status::killed(signals[random.below(signals.size())]);
  return os::exit_status::exited(static_cast<int>(random.below(125)));
}

inline fate some_fate(mood now, seeded& random) {
  if (now == mood::mixed) now = static_cast<mood>(random.below(4));
  fate drawn;
  drawn.how = some_end(random);
  drawn.garbles = random.one_in(20);
  drawn.stops = random.one_in(20);
  if (!random.one_in(8)) drawn.obeys = random.between(milliseconds(0), milliseconds(20'000));
  if (!random.one_in(8)) drawn.obeys_at_once = random.between(milliseconds(0), milliseconds(900));
  const bool boots = now == mood::never_booting ? random.one_in(10) : !random.one_in(20);
  if (boots) drawn.ready = random.between(milliseconds(1), milliseconds(3000));
  if (random.one_in(3)) drawn.serves = random.between(milliseconds(0), milliseconds(300));
  switch (now) {
    case mood::crashing: drawn.ends = random.between(milliseconds(0), milliseconds(1500)); break;
    case mood::asking_for_no_more:
      drawn.how = os::exit_status::exited(125);
      drawn.ends = random.between(milliseconds(0), milliseconds(30'000));
      break;
    case mood::never_booting:
      if (!random.one_in(4)) drawn.ends = random.between(milliseconds(0), milliseconds(500));
      break;
    default:
      if (random.one_in(3)) drawn.ends = random.between(milliseconds(2000), milliseconds(60'000));
      if (random.one_in(6)) drawn.leaves = random.between(milliseconds(10), milliseconds(30'000));
  }
  return drawn;
}

/// A child that has not been reaped. `serial` tells it from others that have, or had, its pid.
struct simulated_child {
  static constexpr std::size_t orphan = static_cast<std::size_t>(-1);

  std::uint64_t serial = 0;
  pid_t pid = 0;
  std::size_t slot = orphan;
  channel line;  ///< its own end
  fate will;
  std::optional<os::exit_status> ended;  ///< a zombie
  bool dying = false;
  bool told_gracefully = false;
  bool told_at_once = false;
  std::optional<steady::time_point> said_ready;
  bool served = false;  ///< after it had said that it is ready
  // What the master's own account of the slot showed.
  bool was_seen_grown = false;
  bool growth_is_unclear = false;
};

}  // namespace samjoko::supervise

#pragma once
// Charter: where clients of a thread pool wait when other clients need their threads: clients at
// rest, and half-closed clients until they close as well. One epoll instance; a client has no
// thread, no frame and no buffer here. The idle_queue never reads a request; it only reports which
// client sent bytes.

#include <list>
#include <optional>
#include <samjoko/os/epoll.hpp>
#include <samjoko/serve/connection_limiter.hpp>
#include <samjoko/serve/session.hpp>
#include <unordered_map>

namespace samjoko::serve {

class idle_queue {
 public:
  /// `limits` must outlive it.
  explicit idle_queue(const connection_limits& limits) noexcept : limits_(limits) {}

  /// A client, and what its model keeps about it.
  struct idle_client {
    resting_client client;
    seats held;
    /// Set for a client that is half-closed already: for linger(), until then.
    std::optional<deadline> lingers{};
    bool gets_more_time = true;  ///< while it takes what is under way to it: see slow_reader
  };

  /// Readable when take_ready() has something to do.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.descriptor(); }
  [[nodiscard]] std::size_t size() const noexcept { return resting_.size() + lingering_.size(); }

  /// Takes a client in. `idle`: how long it may stay silent; 0: without a limit.
  void park(idle_client in, milliseconds idle);
  /// Takes a half-closed client in, to be read to its end until in.lingers, and for longer while
  /// it takes what is under way to it.
  void linger(idle_client in);
  /// Hands out all clients that sent bytes. `gone(seats)` counts those that left, or lingered to
  /// their end.
  template <class Spoke, class Gone>
  void take_ready(Spoke spoke, const Gone& gone);
  /// Half-closes the clients whose time is over.
  template <class Gone>
  void expire(steady::time_point now, const Gone& gone);
  /// No request has begun in any of the clients: half-closes all, for at most the linger time.
  /// Clients that never had a turn rest for first_bytes_time longer, counted from the first call.
  void close_all();
  /// Hands out all clients at rest, as if they had sent bytes: each gets one more turn.
  template <class Spoke>
  void take_resting(Spoke spoke) {
    while (!resting_.empty()) spoke(remove(resting_.begin()));
  }
  /// Closes all clients now.
  template <class Gone>
  void drop_all(const Gone& gone);
  /// When expire() is next needed.
  [[nodiscard]] deadline next_expiry() const noexcept;

 private:
  struct place {
    idle_client held;
    deadline until;
    bool lingers = false;
    bool may_still_begin = true;  ///< of one that had no turn
    int beside = -1;              ///< what it listens to besides its client
    std::optional<slow_reader> slow{};
  };
  using places = std::list<place>;

  void watch(places::iterator which);
  void watch_beside_no_more(places::iterator which);
  void begin_linger(places::iterator which);
  idle_client remove(places::iterator which);
  [[nodiscard]] bool linger_longer(places::iterator which, steady::time_point now);
  void sort_in(places::iterator which);
  [[nodiscard]] places& list_of(const place& which) noexcept {
    return which.lingers ? lingering_ : resting_;
  }
  /// Whether a lingering client is done. Reads away some of what the client still sends.
  [[nodiscard]] static bool is_over(const place& which);

  const connection_limits& limits_;
  os::epoll epoll_;
  places resting_;    // in order of `until`: all have the same idle time
  places lingering_;  // in order of `until`
  std::unordered_map<int, places::iterator> by_descriptor_;
};

template <class Spoke, class Gone>
void idle_queue::take_ready(Spoke spoke, const Gone& gone) {
  std::array<epoll_event, 64> room;
  // A lingering client that never falls silent is ready again at once. The rounds are limited so
  // that each client is looked at once; the kernel hands them out in turn.
  auto rounds = size() / room.size() + 1;
  for (bool more = true; more && rounds > 0; --rounds) {
    bool woken = false;
    const auto events = epoll_.wait(room, 0, woken);
    more = events.size() == room.size();
    for (const auto& event : events) {
      const auto found = by_descriptor_.find(event.data.fd);
      if (found == by_descriptor_.end()) continue;
      if (!found->second->lingers) {
        spoke(remove(found->second));
      } else if (is_over(*found->second)) {
        gone(remove(found->second).held);
      }
    }
  }
}

template <class Gone>
void idle_queue::expire(steady::time_point now, const Gone& gone) {
  while (!resting_.empty() && resting_.front().until.passed(now)) begin_linger(resting_.begin());
  while (!lingering_.empty() && lingering_.front().until.passed(now)) {
    const auto first = lingering_.begin();
    if (!linger_longer(first, now)) gone(remove(first).held);
  }
}

template <class Gone>
void idle_queue::drop_all(const Gone& gone) {
  while (!resting_.empty()) gone(remove(resting_.begin()).held);
  while (!lingering_.empty()) gone(remove(lingering_.begin()).held);
}

}  // namespace samjoko::serve

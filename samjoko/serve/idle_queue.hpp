#pragma once
// Charter: where clients of a thread pool wait when other clients need their threads: idle clients,
// and half-closed clients until they close as well. One epoll instance; a client has no thread, no
// frame and no buffer here. The queue never reads a request; it only hands out clients that sent
// bytes.

#include <list>
#include <optional>
#include <samjoko/os/epoll.hpp>
#include <samjoko/serve/client.hpp>
#include <samjoko/serve/session.hpp>
#include <unordered_map>

namespace samjoko::serve {

class idle_queue {
 public:
  /// `limits` must outlive it.
  explicit idle_queue(const connection_limits& limits) noexcept : limits_(limits) {}

  /// Readable when take_ready() has something to do.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.descriptor(); }
  [[nodiscard]] std::size_t size() const noexcept { return idle_.size() + lingering_.size(); }

  /// Takes a client in. `idle`: how long it may stay silent; 0: without a limit.
  void keep(client in, milliseconds idle);
  /// Takes a half-closed client in, to be read to its end until its time is over, and for longer
  /// while it takes what is under way to it.
  void linger(half_closed_client in);
  /// Hands out all clients that sent bytes. Drops those that lingered to their end.
  template <class Spoke>
  void take_ready(Spoke spoke);
  /// Half-closes the clients whose time is over, and drops those that had been half-closed.
  void expire(steady::time_point now);
  /// No request has begun in any of the clients: half-closes all, for at most the linger time.
  /// Clients that never had a turn stay for first_bytes_time longer, counted from the first call.
  void close_all();
  /// Hands out all idle clients, as if they had sent bytes: each gets one more turn.
  template <class Spoke>
  void take_all(Spoke spoke) {
    while (!idle_.empty()) spoke(remove(idle_.begin()).idle);
  }
  /// Closes all clients now.
  void drop_all();
  /// When expire() is next needed.
  [[nodiscard]] deadline next_expiry() const noexcept;

 private:
  struct place {
    client idle;
    deadline until;
    bool lingers = false;
    bool gets_more_time = true;   ///< lingering, while it takes what is under way: see slow_reader
    bool may_still_begin = true;  ///< of one that had no turn
    int beside = -1;              ///< what it listens to besides its client
    std::optional<slow_reader> slow{};
  };
  using places = std::list<place>;

  void watch(places::iterator which);
  void watch_beside_no_more(places::iterator which);
  void begin_linger(places::iterator which);
  place remove(places::iterator which);
  [[nodiscard]] bool linger_longer(places::iterator which, steady::time_point now);
  void sort_in(places::iterator which);
  [[nodiscard]] places& list_of(const place& which) noexcept {
    return which.lingers ? lingering_ : idle_;
  }
  /// Whether a lingering client is done. Reads away some of what the client still sends.
  [[nodiscard]] static bool is_over(const place& which);

  const connection_limits& limits_;
  os::epoll epoll_;
  places idle_;       // in order of `until`: all have the same idle time
  places lingering_;  // in order of `until`
  std::unordered_map<int, places::iterator> by_descriptor_;
};

template <class Spoke>
void idle_queue::take_ready(Spoke spoke) {
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
        spoke(remove(found->second).idle);
      } else if (is_over(*found->second)) {
        remove(found->second);
      }
    }
  }
}

}  // namespace samjoko::serve

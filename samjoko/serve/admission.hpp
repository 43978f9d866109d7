#pragma once
// Charter: which clients are let in. Asks the program's account of connections for each client,
// refuses a client over a limit, and says what a failed accept means: try again at once, or pause.

#include <atomic>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/serve/connection_limiter.hpp>

namespace samjoko::serve {

/// How many clients are accepted before the loop looks at children and orders again.
inline constexpr int accepted_per_round = 64;

/// One per worker, or per process of its pool. Safe from several threads.
class admission final : public permit_issuer {
 public:
  /// Call this in the worker itself: it stands for the worker's present generation. `member`: the
  /// number of the process in the worker's pools, from 1 up; 0: the worker.
  explicit admission(const workload& work, std::uint32_t member = 0) noexcept;

  /// Counts a new connection in, or refuses it. Costs a system call for the peer's address only
  /// when there is a limit per peer. `taken` may lie in memory that survives this process.
  [[nodiscard]] bool admit(int socket, seats& taken) noexcept;
  /// The same; without a permit the client was refused.
  [[nodiscard]] permit admit(int socket) noexcept {
    seats taken;
    return admit(socket, taken) ? permit(*this, taken) : permit();
  }
  /// Counts the connection out again.
  void leave(seats held) noexcept override;
  /// For a dead process of the pool: counts out the seats that it held or was reaching for.
  /// `had_client`: a client had been admitted.
  void give_back(seats held, bool had_client) noexcept;

 private:
  void refuse(const char* what, std::uint32_t limit) noexcept;

  const connection_limiter& account_;
  const holder_tag holder_;
  scoreboard::counters& counts_;
  /// Where a seat was taken or left last.
  std::atomic<std::uint32_t> near_;
};

/// After a failed accept, fork or thread start: how long to pause before the next try. Zero: try at
/// once. Logs a shortage once a second at most and counts it. `code` is an errno.
[[nodiscard]] milliseconds pause_after(const char* call, int code,
                                       scoreboard::counters& counts) noexcept;

/// The non-blocking accept of one client: its descriptor, or -errno (-EAGAIN: no client waits).
/// `blocking` is the mode of the new socket; `peer`, unless null, receives the client's address.
[[nodiscard]] int accept_now(int listener, bool blocking,
                             scoreboard::peer_name* peer = nullptr) noexcept;

/// In a stop: a client is in the backlog, and this worker has to serve it. A worker that goes on
/// has made the listener blocking again, for all that share it.
[[nodiscard]] bool backlog_is_left(int listener) noexcept;

}  // namespace samjoko::serve

#pragma once
// Charter: who is let in. Asks the program's account of connections for each one, refuses what is
// over a limit, and says what a failed accept means: try again at once, or pause.

#include <atomic>
#include <samjoko/os/activity.hpp>
#include <samjoko/serve/connection_account.hpp>

namespace samjoko::serve {

/// So many clients are accepted before children and orders are looked at again.
inline constexpr int accepted_per_round = 64;

/// Of one worker, or of one process of its pool. Safe from several threads.
class admission {
 public:
  /// In the worker itself, whose present generation it answers for. `member`: from 1 up, which
  /// process of the worker's pools this one is for; 0: the worker.
  explicit admission(const workload& work, std::uint32_t member = 0) noexcept;

  /// Counts a fresh connection in, or refuses it. Costs a system call for the peer's address only
  /// when there is a limit per peer. `taken` may lie in memory that survives this process.
  [[nodiscard]] bool admit(int socket, seats& taken) noexcept;
  /// Counts it out again.
  void leave(seats held) noexcept;
  /// The process of the pool is dead: counts out what it held or was reaching for. `had_client`:
  /// it had been admitted.
  void give_back(seats held, bool had_client) noexcept;

 private:
  void refuse(const char* what, std::uint32_t limit) noexcept;

  const connection_account& account_;
  const holder_tag holder_;
  counters& counts_;
  /// Where a seat was taken or left last.
  std::atomic<std::uint32_t> near_;
};

/// After a failed accept, fork or thread start: how long to pause before the next try. Zero: try at
/// once. Logs a shortage once a second at most and counts it. `code` is an errno.
[[nodiscard]] milliseconds pause_after(const char* call, int code, counters& counts) noexcept;

/// The non-blocking accept of one client: its descriptor, or -errno (-EAGAIN: nobody waits).
/// `blocking` is the mode of the new socket; `peer`, unless null, is told who it is.
[[nodiscard]] int accept_now(int listener, bool blocking, os::peer_name* peer = nullptr) noexcept;

/// In a stop: somebody is in the backlog, and it is this worker's to serve. A worker that goes on
/// has made the listener blocking again, for all that share it.
[[nodiscard]] bool backlog_is_left(int listener) noexcept;

}  // namespace samjoko::serve

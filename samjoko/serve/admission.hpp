#pragma once
// Charter: who is let in. Counts open connections in all and per peer address, refuses what is over
// a limit, and says what a failed accept means: try again at once, or pause.

#include <mutex>
#include <samjoko/serve/model.hpp>
#include <string>
#include <unordered_map>

namespace samjoko::serve {

/// Whom a connection is counted for: the bytes of the peer's address; empty when that is not
/// counted.
using peer_key = std::string;

/// So many clients are accepted before children and orders are looked at again.
inline constexpr int accepted_per_round = 64;

class admission {
 public:
  admission(const serve_limits& limits, counters& counts) noexcept;

  /// Counts a fresh connection in, or refuses it. Safe from several threads. Costs a system call
  /// for the peer's address only when there is a limit per peer.
  [[nodiscard]] bool admit(int socket, peer_key& peer);
  /// Counts it out again.
  void leave(const peer_key& peer) noexcept;

 private:
  [[nodiscard]] bool admit_peer(int socket, peer_key& peer);
  void refuse(const char* what, std::uint32_t limit) noexcept;

  const serve_limits& limits_;
  counters& counts_;
  std::mutex mutex_;
  std::unordered_map<peer_key, std::uint32_t> peers_;
};

/// After a failed accept, fork or thread start: how long to pause before the next try. Zero: try at
/// once. Logs a shortage once a second at most and counts it. `code` is an errno.
[[nodiscard]] milliseconds pause_after(const char* call, int code, counters& counts) noexcept;

/// The non-blocking accept of one client: its descriptor, or -errno (-EAGAIN: nobody waits).
/// `blocking` is the mode of the new socket.
[[nodiscard]] int accept_now(int listener, bool blocking) noexcept;

}  // namespace samjoko::serve

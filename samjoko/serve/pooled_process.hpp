#pragma once
// Charter: one process of a pool: accepts, serves, and writes its state in memory shared with its
// parent.

#include <samjoko/os/event_fd.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/client_process.hpp>
#include <span>

namespace samjoko::serve {

enum class pool_state : std::uint8_t { free, waiting, serving, idle };

/// What the parent and all members see of one member; lock-free, because it outlives the member.
/// The first cell of a pool is the board, of which only the common fields are used. A flag is a
/// number, 0 or not: a member that an attacker controls may write what is no bool.
struct pool_cell {
  using flag = std::atomic<std::uint8_t>;
  std::atomic<pool_state> state = pool_state::free;
  std::atomic<pid_t> pid = 0;
  /// From when on the idle client may be ended for others, by the monotonic clock.
  std::atomic<std::int64_t> may_end = 0;
  /// The member leaves before its next client: the pool is larger than it needs to be.
  flag leaves = 0;
  /// The seats of the member's client, or those it was reaching for when it died. The parent reads
  /// them when it has reaped the member.
  seats held;
  // Fields of the board.
  flag none_waited = 0;
  flag crowded = 0;
  /// The backlog is drained in a stop: a member that still serves closes its copy of the listener.
  flag door_is_closed = 0;

  void clear() noexcept {
    state.store(pool_state::free);
    pid.store(0);
    leaves.store(0);
    held = {};
  }
};

class pooled_process {
 public:
  /// `number`: from 1 up, in the account of connections.
  pooled_process(const workload& work, int listener, os::event_fd& event_fd, pool_cell& board,
                 std::span<pool_cell> members, pool_cell& own, std::uint32_t number);

  /// Runs until it is told to stop, or has served enough clients.
  void run();

 private:
  bool accept_one(bool may_block);
  void serve(int socket);
  void change_to(pool_state state) noexcept { own_.state.store(state, std::memory_order_release); }
  void watch_idle(const session& of, bool begins) noexcept;
  void waits_no_longer() noexcept;
  void look_at_door() noexcept;

  const workload& work_;
  const int listener_;
  os::event_fd& event_fd_;
  pool_cell& board_;
  std::span<pool_cell> members_;
  pool_cell& own_;
  admission admission_;
  client_process process_;
  io::operation accept_;
  scoreboard::peer_name peer_;  ///< of the client that was accepted last
  std::uint64_t served_ = 0;
  bool door_is_closed_ = false;  ///< this process's copy
};

}  // namespace samjoko::serve

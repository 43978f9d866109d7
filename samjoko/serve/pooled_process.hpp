#pragma once
// Charter: one process of a pool: accepts, serves, tells its state in memory shared with its
// parent.

#include <samjoko/os/bell.hpp>
#include <samjoko/serve/admission.hpp>
#include <samjoko/serve/client_process.hpp>
#include <span>

namespace samjoko::serve {

enum class pool_state : std::uint8_t { free, waiting, serving, resting };

/// What the parent and all members see of one member; lock-free, because it outlives the member. In
/// the first cell of a pool, the board, only what concerns all is used. A flag is a number, 0 or
/// not: a member that was taken over may write what is no bool.
struct pool_cell {
  using flag = std::atomic<std::uint8_t>;
  std::atomic<pool_state> state = pool_state::free;
  std::atomic<pid_t> pid = 0;
  /// From when on its rest may be ended for the sake of others, by the monotonic clock.
  std::atomic<std::int64_t> may_end = 0;
  /// It shall leave before its next client: the pool is larger than it needs to be.
  flag leaves = 0;
  /// Of its client, or what it was reaching for when it died. The parent reads it when it has
  /// reaped the member.
  seats held;
  // The board's.
  flag none_waited = 0;
  flag crowded = 0;
  /// The stop's backlog is drained: who serves a last client closes its copy of the listener.
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
  pooled_process(const workload& work, int listener, os::bell& bell, pool_cell& board,
                 std::span<pool_cell> members, pool_cell& own, std::uint32_t number);

  /// Until it is told to stop, or has served enough clients.
  void run();

 private:
  bool accept_one(bool may_block);
  void serve(int socket);
  void change_to(pool_state state) noexcept { own_.state.store(state, std::memory_order_release); }
  void watch_rest(const session& of, bool begins) noexcept;
  void waits_no_longer() noexcept;
  void look_at_door() noexcept;

  const workload& work_;
  const int listener_;
  os::bell& bell_;
  pool_cell& board_;
  std::span<pool_cell> members_;
  pool_cell& own_;
  admission admission_;
  client_process process_;
  io::operation accept_;
  os::peer_name peer_;  ///< of the client who was accepted last
  std::uint64_t served_ = 0;
  bool door_is_closed_ = false;  ///< this process's copy
};

}  // namespace samjoko::serve

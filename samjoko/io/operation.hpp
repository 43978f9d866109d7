#pragma once
// Charter: one request to the outside world, as a value. It lives in the waiting coroutine's own
// frame (or in an idle client) and holds everything needed to submit it, so that a completion
// engine can run it as well as a readiness loop or a plain blocking call.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <samjoko/base/deadline.hpp>

namespace samjoko::io {

enum class operation_kind : std::uint8_t {
  accept,   ///< `data`: an scoreboard::peer_name for the client's address, or null; result: its
            ///< descriptor
  connect,  ///< `data`, `size`: the sockaddr; result 0
  receive,  ///< into `data`, or, when that is null, into a block that the loop lends; 0 is the end
  send,     ///< all of `data`; result: how many bytes
  send_parts,  ///< all of `size` iovecs at `data`, which it may change; result: how many bytes
  send_file,  ///< a file_operation; result: how many bytes, fewer than asked at the end of the file
  readable,   ///< waits until a receive would not block; result 0
  sleep,      ///< until the deadline; result 0

  // These never wait: begin() does them and answers done.
  receive_now,    ///< a receive; -EAGAIN when nothing is there
  shutdown_send,  ///< no more bytes will be sent (man 2 shutdown); -ENOTSOCK for a pipe
  release,        ///< the loop forgets the descriptor, which stays open: to give it away
  close,          ///< the loop forgets the descriptor and closes it
};

/// Where an operation stands; owned by the loop.
enum class operation_state : std::uint8_t {
  free,
  pending,
  deferred,  ///< goes on in the next turn
  paused,    ///< no event tells when it may go on: tried again after a short while
  finished
};

struct operation {
  operation_kind kind = operation_kind::receive;
  operation_state state = operation_state::free;
  bool started = false;  ///< used by the loop: a connect under way, a descriptor made non-blocking
  bool yields = false;   ///< the loop's: a send that could go on, but others have their turn first
  int fd = -1;
  std::byte* data = nullptr;
  std::size_t size = 0;

  /// Milliseconds without progress after which it fails with ETIMEDOUT; 0: for ever.
  std::uint32_t idle_ms = 0;
  /// Milliseconds for the whole operation, counted from its first wait (no clock is read before);
  /// 0: none.
  std::uint32_t allowance_ms = 0;
  /// Besides, an absolute end for the whole operation.
  deadline until;

  /// >= 0: a value; < 0: -errno. ETIMEDOUT and ECANCELED are reported this way too.
  std::int64_t result = 0;
  /// Called by the loop, once, on its thread, when a pending operation has its result. The
  /// operation may be gone when it returns.
  void (*complete)(operation&) noexcept = nullptr;

  // Used by the loop while the operation is pending.
  operation* previous = nullptr;
  operation* next = nullptr;
  steady::time_point due = steady::time_point::max();
};

/// send_file: `size` bytes of `file` from `offset` on (man 2 sendfile).
struct file_operation : operation {
  int file = -1;
  off_t offset = 0;
};

[[nodiscard]] constexpr bool waits_to_send(operation_kind kind) noexcept {
  return kind == operation_kind::connect || kind == operation_kind::send ||
         kind == operation_kind::send_parts || kind == operation_kind::send_file;
}

/// A connect to a unix socket whose backlog is full: no event tells when there is room (man 2
/// connect, EAGAIN), so a loop tries again after try_again_after.
[[nodiscard]] constexpr bool waits_for_backlog(const operation& tried) noexcept {
  return tried.kind == operation_kind::connect && !tried.started;
}
constexpr milliseconds try_again_after{20};

/// The words of the CHECK for code that begins an operation while another one is under way.
constexpr const char* one_at_a_time =
    "two reads or two writes at a time on one connection: await the first before the second begins";

[[nodiscard]] constexpr bool is_immediate(operation_kind kind) noexcept {
  return kind >= operation_kind::receive_now;
}

}  // namespace samjoko::io

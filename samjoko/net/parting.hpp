#pragma once
// Charter: the end of a connection that is aborted. A reset destroys bytes that our kernel has not
// delivered yet (man 7 socket, SO_LINGER; RFC 9293, 3.10.5). So the reset waits for the peer's
// kernel to acknowledge everything, as long as that makes progress. Only for net and serve.

#include <samjoko/io/loop.hpp>
#include <samjoko/net/limits.hpp>
#include <samjoko/task/stop.hpp>

namespace samjoko::detail {

/// A peer that takes nothing for this long is waited for no more; in an immediate stop the whole
/// wait takes no longer than this. The whole takes at most as long as a write of that many bytes
/// may.
inline constexpr milliseconds parting_time{1000};
inline constexpr milliseconds hurried_parting_time{100};

struct parting_socket {
  io::loop& loop;
  int socket;
  const connection_limits& limits;
  const stop_flag& stop;
};

/// True: nothing is under way, or there is no memory to wait for it; `over` is not called. Else the
/// loop calls `over(owner)` once. The socket stays the owner's, which closes it then.
[[nodiscard]] bool wait_for_delivery(const parting_socket& of, void (*over)(void*) noexcept,
                                     void* owner) noexcept;

/// The same for a socket without an owner: the loop counts it as a task and closes it.
void close_when_delivered(const parting_socket& of) noexcept;

}  // namespace samjoko::detail

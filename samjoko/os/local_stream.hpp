#pragma once
// Charter: bytes between two programs of one machine over a unix socket, beside the loops: for a
// side that must never wait, and for one that may. The kernel says which process is at the other
// end.

#include <sys/types.h>

#include <cstddef>
#include <string>

#include <samjoko/base/bytes.hpp>
#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// The process that made the connection, as it was then; for the side that connected, the process
/// that listens (man 7 unix, SO_PEERCRED). The pid is 0 for a process of another pid namespace.
struct peer_identity {
  pid_t process = 0;
  uid_t user = 0;
};
[[nodiscard]] result<peer_identity> identity_of_peer(const descriptor& socket);

/// The next client of a listening socket, close-on-exec and non-blocking. Errors: EAGAIN (no client
/// waits), EMFILE and ENFILE, ECONNABORTED.
[[nodiscard]] result<descriptor> accept_local(const descriptor& listener);

/// Reads what is there into `room`; never waits. 0: the other side has ended. Errors: EAGAIN,
/// ECONNRESET.
[[nodiscard]] result<std::size_t> receive_now(const descriptor& socket, mutable_bytes room);
/// Sends as much as there is room for; never waits. Errors: EAGAIN, EPIPE, ECONNRESET; no signal.
[[nodiscard]] result<std::size_t> send_now(const descriptor& socket, bytes some);

/// Connects; waits when the backlog of the other side is full. Errors: ECONNREFUSED (no process
/// listens any more), ENOENT, EACCES, ETIMEDOUT.
[[nodiscard]] result<descriptor> connect_local(const address& where, deadline until);
/// Sends `request` and reads all that comes until the other side ends. Errors: ETIMEDOUT,
/// ECONNRESET, too_long.
[[nodiscard]] result<std::string> ask_local(const descriptor& socket, std::string_view request,
                                            std::size_t most, deadline until);

}  // namespace samjoko::os

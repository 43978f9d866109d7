#pragma once
// Charter: bytes between two programs of one machine over a unix socket, beside the loops: for a
// side that must never wait, and for one that may. Who the other is, the kernel says.

#include <sys/types.h>

#include <cstddef>
#include <string>

#include <samjoko/base/bytes.hpp>
#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// Of whoever made the connection, at that time; of whoever listens, for the side that connected
/// (man 7 unix, SO_PEERCRED). The pid is 0 for a process of another pid namespace.
struct peer_identity {
  pid_t process = 0;
  uid_t user = 0;
};
[[nodiscard]] result<peer_identity> identity_of_peer(const descriptor& socket);

/// The next client of a listening socket, close-on-exec and non-blocking. Errors: EAGAIN (nobody
/// waits), EMFILE and ENFILE, ECONNABORTED.
[[nodiscard]] result<descriptor> accept_local(const descriptor& listener);

/// What is there, into `room`; never waits. 0: the other has ended. Errors: EAGAIN, ECONNRESET.
[[nodiscard]] result<std::size_t> receive_now(const descriptor& socket, mutable_bytes room);
/// As much as there is room for; never waits. Errors: EAGAIN, EPIPE, ECONNRESET; no signal.
[[nodiscard]] result<std::size_t> send_now(const descriptor& socket, bytes some);

/// Connects, with patience when the other's backlog is full. Errors: ECONNREFUSED (nobody listens
/// any more), ENOENT, EACCES, ETIMEDOUT.
[[nodiscard]] result<descriptor> connect_local(const address& where, deadline until);
/// Sends `request` and takes all that comes until the other ends. Errors: ETIMEDOUT, ECONNRESET,
/// too_long.
[[nodiscard]] result<std::string> ask_local(const descriptor& socket, std::string_view request,
                                            std::size_t most, deadline until);

}  // namespace samjoko::os

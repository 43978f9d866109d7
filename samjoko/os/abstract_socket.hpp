#pragma once
// Charter: a listening unix socket that has no file (man 7 unix, "abstract", "autobind"): the
// kernel chooses a free name, and the name goes when the last listener is closed. It has no
// permission bits, so a process that accepts must ask which user has connected.

#include <sys/types.h>

#include <optional>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// Listens by `name`, which such a socket had before, or by a free name that the kernel finds. A
/// stream socket, non-blocking and close-on-exec; local_address() tells its name, which
/// socket_for() and connect take. Errors: EMFILE, ENOMEM; EADDRINUSE when the name is taken.
[[nodiscard]] result<descriptor> listen_without_file(int backlog,
                                                     const class address* name = nullptr);

/// The effective user of the process that connected, at that moment (man 7 socket, SO_PEERCRED).
/// Nothing when `socket` is not a unix socket.
[[nodiscard]] std::optional<uid_t> peer_user(int socket) noexcept;
/// The effective user of this process.
[[nodiscard]] uid_t this_user() noexcept;

/// Connects without waiting; 0, or an errno: EAGAIN when the backlog is full (man 2 connect).
[[nodiscard]] int connect_now(int socket, const class address& to) noexcept;

}  // namespace samjoko::os

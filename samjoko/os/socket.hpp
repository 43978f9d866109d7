#pragma once
// Charter: listening sockets and socket options: what a socket is, not how bytes pass through it
// (that is io/attempt). Every call returns its error with the address it was about.

#include <chrono>
#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/socket_file.hpp>

namespace samjoko::os {

struct listen_options {
  int backlog = 4096;                     ///< the kernel cuts it to net.core.somaxconn
  std::optional<unsigned> unix_mode;      ///< permission bits of a unix socket's file
  std::optional<std::string> unix_owner;  ///< "user", "user:group" or ":group"
};

/// Binds and listens. A unix path on whose socket no process answers is replaced; if one answers,
/// it is EADDRINUSE. Where IPv6 is off, `:PORT` is 0.0.0.0:PORT. The socket is close-on-exec and
/// non-blocking.
[[nodiscard]] result<descriptor> listen_on(const address& where,
                                           const listen_options& options = {});
/// The same; the file of a unix socket belongs to `made`, which removes it at its end. Where this
/// fails, no file of its own is left. Null: the file stays.
[[nodiscard]] result<descriptor> listen_on(const address& where, const listen_options& options,
                                           socket_file* made);

/// A socket from which to connect to `where`; non-blocking.
[[nodiscard]] result<descriptor> socket_for(const address& where);
/// Whether a server could listen there, as far as the address goes: EADDRNOTAVAIL when this machine
/// does not have it, EAFNOSUPPORT when its family is off. The port is not looked at.
[[nodiscard]] result<void> is_of_this_machine(const address& where);

[[nodiscard]] result<address> local_address(int socket);
[[nodiscard]] result<address> peer_address(int socket);

struct process_identity {
  pid_t pid = 0;
  uid_t user = 0;
  gid_t group = 0;
};
/// The process that connected a unix socket or made the pair, with the ids it had then (man 7 unix,
/// SO_PEERCRED).
[[nodiscard]] result<process_identity> peer_process(int socket);
/// This process, with the user and group it counts as.
[[nodiscard]] process_identity own_identity() noexcept;

/// Whether descriptors may come beside the bytes (man 7 unix, SCM_RIGHTS); true when it is not a
/// socket.
[[nodiscard]] bool may_pass_descriptors(int socket) noexcept;

/// O_NONBLOCK belongs to the open socket, not to the descriptor: every process that shares it sees
/// the change.
[[nodiscard]] result<void> set_blocking(int socket, bool blocking);

[[nodiscard]] bool is_blocking(int socket) noexcept;

/// Sends small writes at once (man 7 tcp, TCP_NODELAY). Silently nothing on a unix socket.
void set_no_delay(int socket) noexcept;

/// The longest one blocking receive may wait; 0 is for ever (man 7 socket, SO_RCVTIMEO).
void set_receive_timeout(int socket, std::chrono::milliseconds limit) noexcept;

/// Lets no new TCP handshake begin on a listening socket while the connections already in its
/// backlog can still be accepted. A socket filter drops each first SYN, so a client that connects
/// now tries again and is then refused, instead of being accepted by the kernel and reset by the
/// close (man 7 socket, SO_ATTACH_FILTER). A unix socket has no handshake: its file is removed
/// instead (socket_file::remove()). Needs no privilege.
void hold_new_handshakes(int listener) noexcept;

/// Tells the peer that no more bytes will come; receiving goes on. 0, or an errno that mostly does
/// not matter: ENOTSOCK for a pipe, which can only be closed.
int shutdown_send(int socket) noexcept;

/// Its last close resets the connection instead of ending it: the peer reads ECONNRESET, and bytes
/// under way are lost (man 7 socket, SO_LINGER of 0 seconds). Also when the process dies. It has no
/// effect on a unix socket, whose peer reads ECONNRESET only when bytes of its own were left
/// unread.
void reset_at_close(int socket, bool yes) noexcept;

/// How many bytes the peer's kernel has not acknowledged yet (man 7 tcp, SIOCOUTQ). 0 when there is
/// no peer left to do so, and for a unix socket, whose bytes are the peer's when they are written.
[[nodiscard]] std::size_t bytes_under_way(int socket) noexcept;

/// The pending error of a socket (SO_ERROR), 0 for none.
[[nodiscard]] int take_error(int socket) noexcept;

/// Whether it is connected; not while a connect is under way (man 2 getpeername, ENOTCONN).
[[nodiscard]] bool has_peer(int socket) noexcept;

}  // namespace samjoko::os

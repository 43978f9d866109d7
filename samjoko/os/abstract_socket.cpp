#include <samjoko/os/abstract_socket.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include <samjoko/os/address.hpp>

namespace samjoko::os {

result<descriptor> listen_without_file(int backlog, const address* name) {
  descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return failure(errno, "socket");
  const sockaddr_un nameless{.sun_family = AF_UNIX, .sun_path = {}};
  // Only the family: the kernel finds a free name (man 7 unix, autobind).
  const auto* where = name == nullptr ? reinterpret_cast<const sockaddr*>(&nameless) : name->data();
  const auto size = name == nullptr ? socklen_t{sizeof(sa_family_t)} : name->size();
  if (::bind(made.get(), where, size) != 0)
    return failure(errno, "bind", "an abstract unix socket");
  if (::listen(made.get(), backlog) != 0)
    return failure(errno, "listen", "an abstract unix socket");
  return made;
}

std::optional<uid_t> peer_user(int socket) noexcept {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof who)
    return std::nullopt;
  if (who.pid == 0) return std::nullopt;
  return who.uid;
}

uid_t this_user() noexcept { return ::geteuid(); }

int connect_now(int socket, const address& to) noexcept {
  return ::connect(socket, to.data(), to.size()) == 0 ? 0 : errno;
}

}  // namespace samjoko::os

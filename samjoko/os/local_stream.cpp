#include <samjoko/os/local_stream.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include <samjoko/os/poll.hpp>

namespace samjoko::os {
namespace {

template <class Call>
ssize_t retried(Call call) {
  while (true) {
    const auto done = call();
    if (done >= 0 || errno != EINTR) return done;
  }
}

/// False when `until` has passed first.
bool wait_for(const descriptor& socket, short event, deadline until) {
  std::array<pollfd, 1> one{{{socket.get(), event, 0}}};
  return poll_until(one, until) > 0;
}

}  // namespace

result<peer_identity> identity_of_peer(const descriptor& socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return failure(errno, "getsockopt SO_PEERCRED");
  return peer_identity{.process = who.pid, .user = who.uid};
}

result<descriptor> accept_local(const descriptor& listener) {
  const auto number = retried([&] {
    return static_cast<ssize_t>(
        ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  });
  if (number < 0) return failure(errno, "accept");
  return descriptor(static_cast<int>(number));
}

result<std::size_t> receive_now(const descriptor& socket, mutable_bytes room) {
  const auto count =
      retried([&] { return ::recv(socket.get(), room.data(), room.size(), MSG_DONTWAIT); });
  if (count < 0) return failure(errno, "recv");
  return static_cast<std::size_t>(count);
}

result<std::size_t> send_now(const descriptor& socket, bytes some) {
  const auto count = retried(
      [&] { return ::send(socket.get(), some.data(), some.size(), MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (count < 0) return failure(errno, "send");
  return static_cast<std::size_t>(count);
}

result<descriptor> connect_local(const address& where, deadline until) {
  while (true) {
    descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failure(errno, "socket", where.text());
    if (::connect(socket.get(), where.data(), where.size()) == 0) return socket;
    // A full backlog: a unix socket reports it at once, and no event tells when there is room (man
    // 2 connect, EAGAIN).
    if (errno != EAGAIN && errno != EINTR) return failure(errno, "connect", where.text());
    if (until.passed(steady::now())) return failure(ETIMEDOUT, "connect", where.text());
    (void)::poll(nullptr, 0, 20);
  }
}

result<std::string> ask_local(const descriptor& socket, std::string_view request, std::size_t most,
                              deadline until) {
  for (auto left = as_bytes(request); !left.empty();) {
    const auto sent = send_now(socket, left);
    if (sent) {
      left = left.subspan(*sent);
    } else if (!sent.error().is(EAGAIN)) {
      return std::unexpected(sent.error());
    } else if (!wait_for(socket, POLLOUT, until)) {
      return failure(ETIMEDOUT, "send");
    }
  }
  std::string answer;
  std::array<std::byte, 8192> some;
  while (true) {
    if (!wait_for(socket, POLLIN, until)) return failure(ETIMEDOUT, "recv");
    const auto count = receive_now(socket, some);
    if (!count) {
      if (count.error().is(EAGAIN)) continue;
      return std::unexpected(count.error());
    }
    if (*count == 0) return answer;
    if (answer.size() + *count > most) return failure(condition::too_long, "recv");
    answer.append(reinterpret_cast<const char*>(some.data()), *count);
  }
}

}  // namespace samjoko::os

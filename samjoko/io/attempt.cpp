#include <samjoko/io/attempt.hpp>

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <samjoko/base/check.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/pipe.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

#include <algorithm>
#include <cerrno>

namespace samjoko::io {
namespace {

/// Calls until the answer is not EINTR; gives >= 0 or -errno.
template <class Call>
std::int64_t retried(Call call) {
  for (;;) {
    const auto got = call();
    if (got >= 0) return got;
    if (errno != EINTR) return -errno;
  }
}

bool would_block(std::int64_t got) noexcept { return got == -EAGAIN || got == -EWOULDBLOCK; }

/// From a socket; from a pipe, which recv(2) refuses, by read(2). Our ends of pipes never block, so
/// no flag is missed.
std::int64_t receive_into(int fd, std::byte* to, std::size_t size, int flags) {
  auto got = ::recv(fd, to, size, flags);
  if (got < 0 && errno == ENOTSOCK) got = ::read(fd, to, size);
  return got >= 0 ? got : -errno;
}

/// The same, and `more`: descriptors lay beside the bytes (unix(7), SCM_RIGHTS), and the kernel
/// closes them, since there is no room to receive them. A receive ends at such a place, so its size
/// does not tell whether more bytes follow.
std::int64_t receive_beside_descriptors(int fd, std::byte* to, std::size_t size, bool& more) {
  iovec piece{to, size};
  msghdr packet{};
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  auto got = ::recvmsg(fd, &packet, MSG_DONTWAIT);
  more = got > 0 && (packet.msg_flags & MSG_CTRUNC) != 0;
  if (got < 0 && errno == ENOTSOCK) got = ::read(fd, to, size);
  return got >= 0 ? got : -errno;
}

template <class Receive>
std::int64_t receive_once(operation& wanted, buffer_pool& pool, Receive receive) {
  if (wanted.data != nullptr) return receive(wanted.data, wanted.size);
  auto* block = pool.take();
  const auto got = receive(block, buffer_pool::block_size);
  if (got > 0) {
    wanted.data = block;
  } else {
    pool.give_back(block);
  }
  return got;
}

template <class Receive>
bool try_receive(operation& wanted, buffer_pool& pool, Receive receive) {
  do {
    wanted.result = receive_once(wanted, pool, receive);
  } while (wanted.result == -EINTR);
  return !would_block(wanted.result);
}

}  // namespace

bool attempt_receive(operation& wanted, buffer_pool& pool) {
  return try_receive(wanted, pool, [&](std::byte* to, std::size_t size) {
    return receive_into(wanted.fd, to, size, MSG_DONTWAIT);
  });
}

namespace {

/// The client's address comes with the same call, if the operation has room for it.
int accept_once(operation& wanted, int flags) {
  auto* const peer = reinterpret_cast<scoreboard::peer_name*>(wanted.data);
  if (peer == nullptr) return ::accept4(wanted.fd, nullptr, nullptr, flags);
  socklen_t size = sizeof peer->bytes;
  const int got = ::accept4(wanted.fd, peer->room(), &size, flags);
  peer->size = got < 0 ? 0 : std::min<std::uint32_t>(size, sizeof peer->bytes);
  return got;
}

bool try_accept(operation& wanted, bool sockets_block) {
  const int flags = SOCK_CLOEXEC | (sockets_block ? 0 : SOCK_NONBLOCK);
  wanted.result = retried([&] { return accept_once(wanted, flags); });
  return !would_block(wanted.result);
}

/// A non-blocking connect is begun once. When the socket is writable, SO_ERROR tells how it went;
/// before that it tells 0, so whether there is a peer tells the two apart. EAGAIN of a unix socket
/// means that the backlog is full: the connect was not begun (man 2 connect).
bool try_connect(operation& wanted) {
  if (wanted.started) {
    wanted.result = -os::take_error(wanted.fd);
    return wanted.result != 0 || os::has_peer(wanted.fd);
  }
  const auto* to = reinterpret_cast<const sockaddr*>(wanted.data);
  // An interrupted connect goes on by itself; another call would give EALREADY.
  const int code = ::connect(wanted.fd, to, static_cast<socklen_t>(wanted.size)) == 0 ? 0 : errno;
  wanted.started = code == EINPROGRESS || code == EINTR;
  wanted.result = -code;
  const bool backlog_is_full = code == EAGAIN && to->sa_family == AF_UNIX;
  return !wanted.started && !backlog_is_full;
}

/// Sends until everything is sent, it would block, or other tasks have their turn. wanted.result
/// counts the bytes that are sent.
template <class Call, class Advance>
bool push_out(operation& wanted, bool* progressed, Call call, Advance advance) {
  const auto before = wanted.result;
  for (wanted.yields = false;;) {
    const auto sent = retried(call);
    if (would_block(sent)) return false;
    if (sent < 0) {
      wanted.result = sent;
      return true;
    }
    wanted.result += sent;
    if (progressed != nullptr && sent > 0) *progressed = true;
    if (advance(static_cast<std::size_t>(sent))) return true;
    wanted.yields = wanted.result - before >= most_per_try;
    if (wanted.yields) return false;
  }
}

bool try_send(operation& wanted, bool* progressed) {
  return push_out(
      wanted, progressed,
      [&]() -> std::int64_t {
        const auto sent = ::send(wanted.fd, wanted.data, wanted.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0 || errno != ENOTSOCK) return sent;
        const iovec all{.iov_base = wanted.data, .iov_len = wanted.size};
        return os::write_to_pipe(wanted.fd, {&all, 1});
      },
      [&](std::size_t sent) {
        wanted.data += sent;
        wanted.size -= sent;
        return wanted.size == 0;
      });
}

/// Drops `sent` bytes from the front of the parts.
void advance_parts(operation& wanted, std::size_t sent) {
  auto* part = reinterpret_cast<iovec*>(wanted.data);
  while (wanted.size > 0 && sent >= part->iov_len) {
    sent -= part->iov_len;
    ++part;
    --wanted.size;
  }
  wanted.data = reinterpret_cast<std::byte*>(part);
  if (sent == 0) return;
  part->iov_base = static_cast<std::byte*>(part->iov_base) + sent;
  part->iov_len -= sent;
}

bool try_send_parts(operation& wanted, bool* progressed) {
  return push_out(
      wanted, progressed,
      [&]() -> std::int64_t {
        msghdr message{};
        message.msg_iov = reinterpret_cast<iovec*>(wanted.data);
        message.msg_iovlen = wanted.size;
        const auto sent = ::sendmsg(wanted.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0 || errno != ENOTSOCK) return sent;
        return os::write_to_pipe(wanted.fd, {message.msg_iov, message.msg_iovlen});
      },
      [&](std::size_t sent) {
        advance_parts(wanted, sent);
        return wanted.size == 0;
      });
}

bool try_send_file(operation& wanted, bool* progressed) {
  auto& file = static_cast<file_operation&>(wanted);
  constexpr auto most = static_cast<std::size_t>(most_per_try);
  return push_out(
      wanted, progressed,
      [&] { return ::sendfile(file.fd, file.file, &file.offset, std::min(file.size, most)); },
      [&](std::size_t sent) {
        file.size -= sent;
        return file.size == 0 || sent == 0;
      });
}

bool try_readable(operation& wanted) {
  pollfd wait{.fd = wanted.fd, .events = POLLIN, .revents = 0};
  const auto got = retried([&] { return ::poll(&wait, 1, 0); });
  wanted.result = got < 0 ? got : 0;
  return got != 0;
}

}  // namespace

bool attempt(operation& wanted, buffer_pool& pool, bool sockets_block, bool* progressed) {
  switch (wanted.kind) {
    case operation_kind::accept: return try_accept(wanted, sockets_block);
    case operation_kind::connect: return try_connect(wanted);
    case operation_kind::receive: return attempt_receive(wanted, pool);
    case operation_kind::send: return try_send(wanted, progressed);
    case operation_kind::send_parts: return try_send_parts(wanted, progressed);
    case operation_kind::send_file: return try_send_file(wanted, progressed);
    case operation_kind::readable: return try_readable(wanted);
    case operation_kind::sleep: return false;
    default: do_now(wanted, pool); return true;
  }
}

bool attempt_beside_descriptors(operation& wanted, buffer_pool& pool) {
  return try_receive(wanted, pool, [&](std::byte* to, std::size_t size) {
    return receive_beside_descriptors(wanted.fd, to, size, wanted.yields);
  });
}

void block_in_call(operation& wanted, buffer_pool& pool) {
  if (wanted.kind == operation_kind::accept) {
    wanted.result = accept_once(wanted, SOCK_CLOEXEC);
    if (wanted.result < 0) wanted.result = -errno;
    return;
  }
  SAMJOKO_CHECK(wanted.kind == operation_kind::receive,
                "only receive and accept block in the call");
  wanted.result = receive_once(wanted, pool, [&](std::byte* to, std::size_t size) {
    return receive_into(wanted.fd, to, size, 0);
  });
}

void do_now(operation& wanted, buffer_pool& pool) {
  wanted.result = 0;
  switch (wanted.kind) {
    case operation_kind::receive_now: static_cast<void>(attempt_receive(wanted, pool)); return;
    case operation_kind::shutdown_send: wanted.result = -os::shutdown_send(wanted.fd); return;
    case operation_kind::release: return;
    case operation_kind::close: os::descriptor(wanted.fd).reset(); return;
    default: SAMJOKO_CHECK(false, "only immediate operations are done without waiting");
  }
}

}  // namespace samjoko::io

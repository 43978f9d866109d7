#include <samjoko/os/socket.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <samjoko/os/held_folder.hpp>
#include <samjoko/os/passwd.hpp>

namespace samjoko::os {
namespace {

result<void> set_flag(int socket, int level, int name, const address& where) {
  const int on = 1;
  if (::setsockopt(socket, level, name, &on, sizeof on) == 0) return {};
  return failure(errno, "setsockopt", where.text());
}

template <class Lookup>
result<unsigned> find_id(const std::string& name, Lookup lookup) {
  if (const auto number = number_of_id(name)) return *number;
  if (const auto found = lookup(name.c_str())) return *found;
  return failure(ENOENT, "owner", name);
}

result<void> set_owner(int file, const std::string& path, const std::string& owner) {
  const auto colon = owner.find(':');
  const auto user = owner.substr(0, colon);
  const auto group = colon == std::string::npos ? std::string() : owner.substr(colon + 1);
  auto uid = static_cast<uid_t>(-1);
  auto gid = static_cast<gid_t>(-1);
  if (!user.empty()) {
    auto found = find_id(user, [](const char* name) -> std::optional<unsigned> {
      const auto entry = account_named(name);
      return entry ? std::optional(entry->user) : std::nullopt;
    });
    if (!found) return failure_of(found);
    uid = *found;
  }
  if (!group.empty()) {
    auto found = find_id(group, [](const char* name) { return group_named(name); });
    if (!found) return failure_of(found);
    gid = *found;
  }
  if (::fchownat(file, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0) return {};
  return failure(errno, "chown", path + " to " + owner);
}

/// If a file has this name already, it must be one that this process may replace.
result<held_folder> folder_for(const std::string& path) {
  auto folder = held_folder::of(path);
  if (!folder) return folder;
  auto found = folder->look();
  if (!found && !found.error().is(ENOENT)) return failure_of(found);
  return folder;
}

/// The file has its mode from the beginning: it takes the mode of the socket, less the umask
/// (unix(7) does not say so; the kernel's unix_bind does). The umask belongs to the process, which
/// has one thread while it starts to listen.
int bind_with_mode(int socket, const address& where, const std::optional<unsigned>& mode) noexcept {
  if (!mode) return ::bind(socket, where.data(), where.size()) == 0 ? 0 : errno;
  if (::fchmod(socket, *mode) != 0) return errno;
  const auto before = ::umask(0777 & ~*mode);
  const int code = ::bind(socket, where.data(), where.size()) == 0 ? 0 : errno;
  ::umask(before);
  return code;
}

/// The owner is given to the file itself, by its descriptor, when it is surely a socket of ours.
result<void> give_owner(const held_folder& folder, const std::string& path,
                        const std::string& owner) {
  auto file = folder.look();
  if (!file) return failure_of(file);
  struct stat about{};
  if (::fstat(file->get(), &about) != 0) return failure(errno, "fstat", path);
  if (!S_ISSOCK(about.st_mode) || about.st_uid != ::geteuid())
    return failure(EPERM, "chown", path + ", which was replaced meanwhile");
  return set_owner(file->get(), path, owner);
}

result<descriptor> adopt(const address& where) {
  int listening = 0;
  socklen_t size = sizeof listening;
  const int number = where.inherited();
  if (number == address::missing) return failure(ENOENT, "inherited descriptor", where.text());
  if (::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0)
    return failure(errno, "inherited descriptor", where.text());
  if (!listening) return failure(EINVAL, "inherited descriptor that does not listen", where.text());
  descriptor socket(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!socket) return failure(errno, "dup", where.text());
  if (auto set = set_blocking(socket.get(), false); !set) return failure_of(set);
  return socket;
}

result<address> ask(int (*call)(int, sockaddr*, socklen_t*), const char* name, int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (call(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return failure(errno, name);
  return address(reinterpret_cast<const sockaddr*>(&storage), size);
}

/// The kernel has no IPv6 (EAFNOSUPPORT), or no IPv6 address (sysctl disable_ipv6).
bool is_family_off(const error& wrong) { return wrong.is(EAFNOSUPPORT) || wrong.is(EADDRNOTAVAIL); }

result<descriptor> open_and_listen(const address& where, const listen_options& options,
                                   socket_file* made) {
  descriptor socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failure(errno, "socket", where.text());
  socket_file file;  // its remove() takes the lock, so `alone` must be gone before
  std::optional<folder_lock> alone;
  const std::string path(where.path());
  held_folder folder;
  if (where.is_unix()) {
    auto held = folder_for(path);
    if (!held) return failure_of(held);
    folder = std::move(*held);
    alone.emplace(path);
    remove_stale(where, *alone);
  } else if (auto set = set_flag(socket.get(), SOL_SOCKET, SO_REUSEADDR, where); !set) {
    return failure_of(set);
  }
  if (where.family() == AF_INET6) {
    const int only = where.dual_stack() ? 0 : 1;
    if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0)
      return failure(errno, "setsockopt IPV6_V6ONLY", where.text());
  }
  // No client may connect before mode and owner are right; until listen(2) every connect is
  // refused.
  const auto mode = where.is_unix() ? options.unix_mode : std::nullopt;
  if (const int code = bind_with_mode(socket.get(), where, mode); code != 0)
    return failure(code, "bind", where.text());
  if (where.is_unix()) {
    file = socket_file(path);
    if (options.unix_owner) {
      if (auto given = give_owner(folder, path, *options.unix_owner); !given)
        return failure_of(given);
    }
  }
  if (::listen(socket.get(), options.backlog) != 0) return failure(errno, "listen", where.text());
  if (made != nullptr) {
    *made = std::move(file);
  } else {
    file.leave();
  }
  return socket;
}

}  // namespace

result<descriptor> listen_on(const address& where, const listen_options& options) {
  return listen_on(where, options, nullptr);
}

result<descriptor> listen_on(const address& where, const listen_options& options,
                             socket_file* made) {
  if (where.inherited() >= 0) return adopt(where);
  auto opened = open_and_listen(where, options, made);
  if (opened || !where.dual_stack() || !is_family_off(opened.error())) return opened;
  return open_and_listen(where.any_ipv4(), options, made);
}

result<void> is_of_this_machine(const address& where) {
  const auto socket = socket_for(where);
  if (!socket) return std::unexpected(socket.error());
  const auto any_port = where.with_port(0);
  if (::bind(socket->get(), any_port.data(), any_port.size()) == 0) return {};
  return failure(errno, "bind", where.text());
}

result<descriptor> socket_for(const address& where) {
  descriptor socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failure(errno, "socket", where.text());
  return socket;
}

result<address> local_address(int socket) { return ask(::getsockname, "getsockname", socket); }
result<address> peer_address(int socket) { return ask(::getpeername, "getpeername", socket); }

result<void> set_blocking(int socket, bool blocking) {
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0) return failure(errno, "fcntl F_GETFL");
  const int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  if (wanted != flags && ::fcntl(socket, F_SETFL, wanted) != 0)
    return failure(errno, "fcntl F_SETFL");
  return {};
}

bool is_blocking(int socket) noexcept { return (::fcntl(socket, F_GETFL) & O_NONBLOCK) == 0; }

void set_no_delay(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void set_receive_timeout(int socket, std::chrono::milliseconds limit) noexcept {
  const auto ms = limit.count();
  const timeval time{.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

void hold_new_handshakes(int listener) noexcept {
  if (const auto where = local_address(listener); !where || where->is_unix()) return;
  // The filter of a listening socket sees the TCP header: byte 13 holds the flags; SYN without ACK
  // is dropped (0 bytes pass), everything else passes whole.
  std::array<sock_filter, 5> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  ::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

int shutdown_send(int socket) noexcept { return ::shutdown(socket, SHUT_WR) == 0 ? 0 : errno; }

void reset_at_close(int socket, bool yes) noexcept {
  const linger at_close{.l_onoff = yes ? 1 : 0, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close);
}

std::size_t bytes_under_way(int socket) noexcept {
  std::uint8_t state = TCP_CLOSE;  // the first byte of struct tcp_info
  socklen_t size = sizeof state;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &state, &size) != 0) return 0;
  int left = 0;
  if (state == TCP_CLOSE || ::ioctl(socket, SIOCOUTQ, &left) != 0) return 0;
  return static_cast<std::size_t>(std::max(left, 0));
}

result<process_identity> peer_process(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return failure(errno, "getsockopt");
  return process_identity{.pid = who.pid, .user = who.uid, .group = who.gid};
}

process_identity own_identity() noexcept {
  return {.pid = ::getpid(), .user = ::geteuid(), .group = ::getegid()};
}

int take_error(int socket) noexcept {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno;
  return code;
}

bool may_pass_descriptors(int socket) noexcept {
  int family = AF_UNIX;
  socklen_t size = sizeof family;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 || family == AF_UNIX;
}

bool has_peer(int socket) noexcept {
  sockaddr_storage peer;
  socklen_t size = sizeof peer;
  return ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

}  // namespace samjoko::os

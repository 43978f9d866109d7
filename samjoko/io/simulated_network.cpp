#include <samjoko/io/simulated_network.hpp>

#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <samjoko/base/check.hpp>
#include <samjoko/os/file.hpp>

namespace samjoko::io {

int simulated_network::free_number() const {
  int number = first_number;
  while (sockets_.contains(number)) ++number;
  return number;
}

simulated_network::socket& simulated_network::at(int number) {
  const auto found = sockets_.find(number);
  SAMJOKO_CHECK(found != sockets_.end(), "no such simulated socket");
  return found->second;
}

const simulated_network::socket* simulated_network::find(int number) const {
  const auto found = sockets_.find(number);
  return found == sockets_.end() ? nullptr : &found->second;
}

std::pair<int, int> simulated_network::make_pair(std::size_t capacity) {
  const int one = free_number();
  sockets_[one].capacity = capacity;
  const int other = free_number();
  sockets_[other].capacity = capacity;
  sockets_[one].peer = other;
  sockets_[other].peer = one;
  return {one, other};
}

result<os::address> simulated_network::local_of(int number) const {
  const auto* found = find(number);
  if (found == nullptr) return failure(EBADF, "getsockname");
  return found->called;
}

result<os::address> simulated_network::peer_of(int number) const {
  const auto* found = find(number);
  if (found == nullptr) return failure(EBADF, "getpeername");
  if (find(found->peer) == nullptr) return failure(ENOTCONN, "getpeername");
  return find(found->peer)->called;
}

int simulated_network::make_listener(std::size_t backlog) {
  const int number = free_number();
  sockets_[number].listens = true;
  sockets_[number].capacity = backlog;
  return number;
}

int simulated_network::connect_to(int listener, std::size_t capacity) {
  if (at(listener).backlog.size() >= at(listener).capacity) return -ECONNREFUSED;
  const auto ends = make_pair(capacity);
  at(listener).backlog.push_back(ends.second);
  return ends.first;
}

os::address simulated_network::address_of(int listener) {
  return *os::address::parse(fmt::format("unix:simulated/{}", listener));
}

int simulated_network::make_socket(std::size_t capacity) {
  const int number = free_number();
  sockets_[number].capacity = capacity;
  return number;
}

int simulated_network::listener_named_by(const operation& wanted) {
  const os::address to(reinterpret_cast<const sockaddr*>(wanted.data),
                       static_cast<socklen_t>(wanted.size));
  const auto digits = to.path().substr(to.path().rfind('/') + 1);
  int number = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// As a unix socket does: it waits while the backlog is full.
bool simulated_network::connect(operation& wanted) {
  const auto there = sockets_.find(listener_named_by(wanted));
  const bool nobody = there == sockets_.end() || !there->second.listens;
  if (nobody || chance_.happens(faults_.connect_refused)) {
    wanted.result = -ECONNREFUSED;
    return true;
  }
  auto& listener = there->second;
  if (listener.backlog.size() >= listener.capacity) return false;
  const int server = make_socket(at(wanted.fd).capacity);
  at(server).peer = wanted.fd;
  at(wanted.fd).peer = server;
  listener.backlog.push_back(server);
  wanted.result = 0;
  return true;
}

bool simulated_network::could_go_on(const operation& wanted) const {
  const auto* found = find(wanted.fd);
  if (found == nullptr) return true;  // an attempt says EBADF
  if (wanted.kind == operation_kind::connect) {
    const auto* listener = find(listener_named_by(wanted));
    return listener == nullptr || listener->backlog.size() < listener->capacity;
  }
  if (found->reset) return true;
  if (found->listens) return !found->backlog.empty();
  if (!waits_to_send(wanted.kind)) return !found->inbox.empty() || found->peer_finished;
  const auto* peer = find(found->peer);
  return peer == nullptr || found->finished || peer->inbox.size() < peer->capacity ||
         is_sent(wanted);
}

bool simulated_network::attempt(operation& wanted, buffer_pool& pool, bool& progressed) {
  while (is_interrupted()) {
  }
  if (find(wanted.fd) == nullptr) {
    wanted.result = -EBADF;
    return true;
  }
  auto& from = at(wanted.fd);
  switch (wanted.kind) {
    case operation_kind::accept: return accept(wanted, from);
    case operation_kind::connect: return connect(wanted);
    case operation_kind::receive: return receive(wanted, pool, from);
    case operation_kind::readable: wanted.result = 0; return could_go_on(wanted);
    case operation_kind::send:
    case operation_kind::send_parts:
    case operation_kind::send_file: return push_out(wanted, from, progressed);
    default: wanted.result = -EOPNOTSUPP; return true;
  }
}

bool simulated_network::accept(operation& wanted, socket& from) {
  if (from.backlog.empty()) return false;
  if (chance_.happens(faults_.accept_emfile)) {
    wanted.result = -EMFILE;
    return true;
  }
  const int client = from.backlog.front();
  from.backlog.pop_front();
  wanted.result = client;
  if (chance_.happens(faults_.accept_aborted)) {
    close(client);
    wanted.result = -ECONNABORTED;
  }
  return true;
}

bool simulated_network::receive(operation& wanted, buffer_pool& pool, socket& from) {
  if (!from.reset && chance_.happens(faults_.reset)) from.reset = true;
  if (from.reset) {
    wanted.result = -ECONNRESET;
    return true;
  }
  if (from.inbox.empty()) {
    wanted.result = from.peer_finished ? 0 : -EAGAIN;
    return from.peer_finished;
  }
  if (wanted.data == nullptr) {
    wanted.data = pool.take();
    wanted.size = buffer_pool::block_size;
  }
  const auto most = std::min(wanted.size, from.inbox.size());
  const auto count = chance_.below(2) == 0 ? most : 1 + chance_.below(most);
  const auto end = from.inbox.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(from.inbox.begin(), end, wanted.data);
  from.inbox.erase(from.inbox.begin(), end);
  wanted.result = static_cast<std::int64_t>(count);
  return true;
}

bool simulated_network::is_sent(const operation& wanted) noexcept { return wanted.size == 0; }

std::string simulated_network::next_bytes(const operation& wanted, std::size_t most) const {
  std::string out;
  if (wanted.kind == operation_kind::send) {
    out.assign(reinterpret_cast<const char*>(wanted.data), std::min(most, wanted.size));
  } else if (wanted.kind == operation_kind::send_parts) {
    const auto* parts = reinterpret_cast<const iovec*>(wanted.data);
    for (std::size_t each = 0; each < wanted.size && out.size() < most; ++each) {
      out.append(static_cast<const char*>(parts[each].iov_base),
                 std::min(most - out.size(), parts[each].iov_len));
    }
  } else {
    const auto& file = static_cast<const file_operation&>(wanted);
    out.resize(std::min(most, file.size));
    const auto got = os::read_at(file.file, std::as_writable_bytes(std::span(out)),
                                 static_cast<std::uint64_t>(file.offset));
    out.resize(got ? *got : 0);
  }
  return out;
}

void simulated_network::advance(operation& wanted, std::size_t sent) {
  if (wanted.kind == operation_kind::send_file) {
    static_cast<file_operation&>(wanted).offset += static_cast<off_t>(sent);
    wanted.size -= sent;
  } else if (wanted.kind == operation_kind::send) {
    wanted.data += sent;
    wanted.size -= sent;
  } else {
    auto* part = reinterpret_cast<iovec*>(wanted.data);
    for (; wanted.size > 0 && sent >= part->iov_len; ++part, --wanted.size) sent -= part->iov_len;
    wanted.data = reinterpret_cast<std::byte*>(part);
    if (sent == 0) return;
    part->iov_base = static_cast<std::byte*>(part->iov_base) + sent;
    part->iov_len -= sent;
  }
}

bool simulated_network::push_out(operation& wanted, socket& from, bool& progressed) {
  if (!from.reset && chance_.happens(faults_.reset)) from.reset = true;
  const auto* there = find(from.peer);
  if (from.reset || from.finished || there == nullptr) {
    wanted.result = from.reset ? -ECONNRESET : -EPIPE;
    return true;
  }
  if (is_sent(wanted)) return true;
  auto& to = at(from.peer);
  const auto room = to.capacity - to.inbox.size();
  if (room == 0) return false;
  const auto most = chance_.below(2) == 0 ? room : 1 + chance_.below(room);
  const auto out = next_bytes(wanted, most);
  for (const char each : out) to.inbox.push_back(static_cast<std::byte>(each));
  wanted.result += static_cast<std::int64_t>(out.size());
  progressed = progressed || !out.empty();
  advance(wanted, out.size());
  return is_sent(wanted) || (out.empty() && wanted.kind == operation_kind::send_file);
}

void simulated_network::do_now(operation& wanted, buffer_pool& pool) {
  wanted.result = 0;
  if (wanted.kind == operation_kind::receive_now) {
    wanted.result = -EAGAIN;
    static_cast<void>(receive(wanted, pool, at(wanted.fd)));
  } else if (wanted.kind == operation_kind::shutdown_send) {
    auto& from = at(wanted.fd);
    from.finished = true;
    if (find(from.peer) != nullptr) at(from.peer).peer_finished = true;
  } else if (wanted.kind == operation_kind::close) {
    close(wanted.fd);
  }
}

/// Closing with bytes unread breaks the peer's connection, as in TCP.
void simulated_network::close(int number) {
  auto& leaving = at(number);
  for (const int client : std::exchange(leaving.backlog, {})) close(client);
  if (find(leaving.peer) != nullptr) {
    auto& peer = at(leaving.peer);
    peer.peer_finished = true;
    peer.reset = peer.reset || !leaving.inbox.empty();
    peer.peer = -1;
  }
  sockets_.erase(number);
}

}  // namespace samjoko::io

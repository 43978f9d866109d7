#include <samjoko/serve/admission.hpp>

#include <cerrno>
#include <samjoko/io/attempt.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {

admission::admission(const serve_limits& limits, counters& counts) noexcept
    : limits_(limits), counts_(counts) {
  counts_.open.store(0);
}

bool admission::admit(int socket, peer_key& peer) {
  const auto open = counts_.open.fetch_add(1, std::memory_order_relaxed) + 1;
  if (limits_.max_connections != 0 && open > limits_.max_connections) {
    counts_.open.fetch_sub(1, std::memory_order_relaxed);
    refuse("connections", limits_.max_connections);
    return false;
  }
  if (limits_.max_connections_per_peer != 0 && !admit_peer(socket, peer)) {
    counts_.open.fetch_sub(1, std::memory_order_relaxed);
    refuse("connections of one peer", limits_.max_connections_per_peer);
    return false;
  }
  count(counts_.accepted);
  return true;
}

bool admission::admit_peer(int socket, peer_key& peer) {
  const auto from = os::peer_address(socket);
  if (!from || from->host_key().empty()) return true;
  peer = from->host_key();
  const std::lock_guard lock(mutex_);
  auto& of_peer = peers_[peer];
  if (of_peer >= limits_.max_connections_per_peer) {
    peer.clear();
    return false;
  }
  ++of_peer;
  return true;
}

void admission::leave(const peer_key& peer) noexcept {
  counts_.open.fetch_sub(1, std::memory_order_relaxed);
  if (peer.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  if (found != peers_.end() && --found->second == 0) peers_.erase(found);
}

void admission::refuse(const char* what, std::uint32_t limit) noexcept {
  count(counts_.refused);
  os::log_warning("refused", "refused a client: the limit of {} {} is reached ({} refused so far)",
                  limit, what, counts_.refused.load());
}

milliseconds pause_after(const char* call, int code, counters& counts) noexcept {
  switch (code) {
    // The client is gone again, or the network told of an earlier error (man 2 accept).
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM: return milliseconds(0);
    default: break;
  }
  count(counts.accept_pauses);
  os::log_warning("accept", "{}: {}; clients wait in the backlog until there is room again", call,
                  reason(code));
  return milliseconds(100);
}

int accept_now(int listener, bool blocking) noexcept {
  io::buffer_pool unused;
  io::operation accept;
  accept.kind = io::operation_kind::accept;
  accept.fd = listener;
  if (!io::attempt(accept, unused, blocking)) return -EAGAIN;
  return static_cast<int>(accept.result);
}

}  // namespace samjoko::serve

#include <samjoko/serve/admission.hpp>

#include <cerrno>
#include <samjoko/io/attempt.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko::serve {
namespace {

/// Sets the first looks for a seat of two holders apart (Fibonacci hashing).
std::uint32_t first_place_of(holder_tag holder) noexcept {
  return static_cast<std::uint32_t>(holder * 0x9e3779b97f4a7c15 >> 32);
}

}  // namespace

admission::admission(const workload& work, std::uint32_t member) noexcept
    : account_(*work.account),
      holder_(account_.holder(work.worker, member)),
      counts_(work.counts),
      near_(first_place_of(holder_)) {}

bool admission::admit(int socket, seats& taken) noexcept {
  std::uint64_t peer = 0;
  if (account_.most_of_peer() != 0) {
    if (const auto from = os::peer_address(socket)) peer = connection_limiter::peer_of(*from);
  }
  switch (account_.enter(holder_, peer, near_.load(std::memory_order_relaxed), taken)) {
    case entry::all_taken: refuse("connections", account_.most_in_all()); return false;
    case entry::all_of_peer_taken:
      refuse("connections of one peer", account_.most_of_peer());
      return false;
    case entry::admitted: break;
  }
  near_.store(taken.in_all, std::memory_order_relaxed);
  counts_.open.fetch_add(1, std::memory_order_relaxed);
  scoreboard::count(counts_.accepted);
  return true;
}

void admission::leave(seats held) noexcept { give_back(held, true); }

void admission::give_back(seats held, bool had_client) noexcept {
  account_.leave(holder_, held);
  if (held.in_all != 0) near_.store(held.in_all - 1, std::memory_order_relaxed);
  if (had_client) counts_.open.fetch_sub(1, std::memory_order_relaxed);
}

void admission::refuse(const char* what, std::uint32_t limit) noexcept {
  scoreboard::count(counts_.refused);
  account_.count_refusal();
  log::warning("refused", "refused a client: the limit of {} {} is reached ({} refused so far)",
               limit, what, account_.refused());
}

milliseconds pause_after(const char* call, int code, scoreboard::counters& counts) noexcept {
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
  scoreboard::count(counts.accept_pauses);
  log::warning("accept", "{}: {}; clients wait in the backlog until there is room again", call,
               reason(code));
  return milliseconds(100);
}

int accept_now(int listener, bool blocking, scoreboard::peer_name* peer) noexcept {
  io::buffer_pool unused;
  io::operation accept;
  accept.kind = io::operation_kind::accept;
  accept.fd = listener;
  accept.data = reinterpret_cast<std::byte*>(peer);
  if (!io::attempt(accept, unused, blocking)) return -EAGAIN;
  return static_cast<int>(accept.result);
}

bool backlog_is_left(int listener) noexcept {
  return !os::is_blocking(listener) && os::wait_readable(listener, deadline::after({}));
}

}  // namespace samjoko::serve

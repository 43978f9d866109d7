#include <samjoko/hub/server_link.hpp>

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <samjoko/io/attempt.hpp>

namespace samjoko::hub {
namespace {

constexpr std::size_t read_size = 32 * 1024;
constexpr std::size_t parts_at_once = 64;

/// Never used: what is received here has memory of its own.
io::buffer_pool& no_blocks() {
  static io::buffer_pool none;
  return none;
}

}  // namespace

result<os::descriptor> accept_link(int listener) {
  io::operation accept;
  accept.kind = io::operation_kind::accept;
  accept.fd = listener;
  if (!io::attempt(accept, no_blocks(), false)) return failure(EAGAIN, "accept");
  if (accept.result < 0) return failure(static_cast<int>(-accept.result), "accept", "the hub");
  return os::descriptor(static_cast<int>(accept.result));
}

void server_link::hear(std::uint32_t events) noexcept {
  if ((events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) may_read = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) may_write = true;
  // A receive ends early at urgent data (EPOLLPRI), too.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) != 0) hung_up_ = true;
}

void server_link::receive() {
  std::array<std::byte, read_size> room;
  io::operation receive;
  receive.kind = io::operation_kind::receive;
  receive.fd = socket_.get();
  receive.data = room.data();
  receive.size = read_size;
  const bool finished = io::attempt_beside_descriptors(receive, no_blocks());
  const auto count = finished && receive.result > 0 ? static_cast<std::size_t>(receive.result) : 0;
  received_ += as_text(bytes(room).first(count));
  over_ = finished && receive.result <= 0;
  // When room is left, nothing more comes before the next edge, unless the end came with this edge,
  // or descriptors were attached to the bytes.
  may_read = finished && (hung_up_ || receive.yields || count == read_size);
}

bytes server_link::unhandled() const noexcept {
  return as_bytes(std::string_view(received_).substr(begin_));
}

void server_link::keep_unhandled() {
  received_.erase(0, begin_);
  begin_ = 0;
  if (received_.empty()) received_ = {};
}

bool server_link::flush(steady::time_point now) {
  bool progressed = false;
  while (may_write && !deaf_ && !me.out.empty()) {
    std::array<iovec, parts_at_once> parts;
    io::operation send;
    send.kind = io::operation_kind::send_parts;
    send.fd = socket_.get();
    send.data = reinterpret_cast<std::byte*>(parts.data());
    send.size = me.out.front(parts);
    const bool finished = io::attempt(send, no_blocks(), false);
    deaf_ = finished && send.result < 0;
    if (deaf_) break;
    may_write = finished || send.yields;
    me.out.sent(static_cast<std::size_t>(send.result));
    progressed |= send.result > 0;
    me.out.look_at_state(now);
  }
  if (deaf_) me.out.sent(me.out.size());
  return progressed;
}

}  // namespace samjoko::hub

#include <samjoko/net/connection.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <samjoko/base/check.hpp>
#include <samjoko/net/parting.hpp>
#include <samjoko/os/socket.hpp>

namespace samjoko {

using io::operation_kind;

namespace {

/// A division of 64 bits costs several times one of 32, and this one stands in every write.
std::uint64_t milliseconds_at(std::uint32_t bytes_per_second, std::uint64_t size) noexcept {
  constexpr std::uint64_t small = 4'000'000;
  if (size < small) [[likely]]
    return static_cast<std::uint32_t>(size) * 1000U / bytes_per_second;
  return size * 1000 / bytes_per_second;
}

}  // namespace

connection::connection(io::loop& on, os::descriptor socket, const connection_limits& limits,
                       const stop_flag& stop) noexcept
    : loop_(&on),
      limits_(&limits),
      stop_(&stop),
      context_{.queue = &on, .descriptor = socket.get()},
      socket_(socket.release()),
      idle_ms_(static_cast<std::uint32_t>(limits.idle.count())) {}

connection::~connection() {
  if (socket_ < 0) return;
  if (noted_.resets && is_handlers_own_ && loop_->is_real()) {
    detail::close_when_delivered({*loop_, socket_, *limits_, *stop_});
  } else {
    do_now(operation_kind::close);
  }
}

io::operation connection::do_now(operation_kind kind) noexcept {
  io::operation immediate;
  immediate.kind = kind;
  immediate.fd = socket_;
  loop_->begin(immediate);
  return immediate;
}

os::descriptor connection::release_socket() noexcept {
  do_now(operation_kind::release);
  noted_.is_closed = true;
  return os::descriptor(std::exchange(socket_, -1));
}

result<os::address> connection::peer() const { return loop_->peer_of(socket_); }
result<os::address> connection::local() const { return loop_->local_of(socket_); }

void connection::consume(std::size_t count) noexcept {
  SAMJOKO_CHECK(count <= unread_.size(), "more was consumed than is unread");
  noted_.progressed |= count > 0;
  unread_.consume(count);
  if (unread_.empty()) unread_.reset();
}

void connection::shutdown_send() noexcept {
  if (noted_.is_closed || do_now(operation_kind::shutdown_send).result != -ENOTSOCK) return;
  do_now(operation_kind::close);
  socket_ = -1;
  noted_.is_closed = true;
}

void connection::reset(bool yes) noexcept {
  noted_.resets = yes;
  if (loop_->is_real() && socket_ >= 0) os::reset_at_close(socket_, yes);
}

void connection::set_idle_limit(milliseconds idle) noexcept {
  idle_ms_ = static_cast<std::uint32_t>(idle.count());
}

bool connection::take_back(const detail::ended_by_stop& wait) noexcept {
  for (auto** each = &ended_by_stop_; *each != nullptr; each = &(*each)->next) {
    if (*each != &wait) continue;
    *each = wait.next;
    return true;
  }
  return false;
}

result<lease> connection::receive_now() noexcept {
  const auto receive = do_now(operation_kind::receive_now);
  if (receive.result == 0) return failure(condition::end_of_stream, "receive");
  if (receive.result < 0) return failure(static_cast<int>(-receive.result), "receive");
  return lease(loop_->buffers(), receive.data, static_cast<std::size_t>(receive.result));
}

void connection::set_write_limits(io::operation& write, std::uint64_t size) const noexcept {
  write.idle_ms = static_cast<std::uint32_t>(limits_->write_idle.count());
  if (limits_->minimum_write_rate == 0) return;
  const auto grace = static_cast<std::uint64_t>(limits_->write_grace.count());
  const auto whole = grace + milliseconds_at(limits_->minimum_write_rate, size);
  write.allowance_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(whole, 1u << 31));
}

task<result<std::string_view>> connection::read_until(std::string_view delimiter,
                                                      std::size_t limit) {
  // The limit comes from the handler, perhaps from its user: an error, and no abort.
  if (limit > longest_text) co_return failure(EMSGSIZE, "read", "a text of more than a block");
  SAMJOKO_CHECK(!delimiter.empty(), "a delimiter has at least one byte");
  if (!unread_.empty() && unread_.tail().size() < limit) unread_.compact();
  std::size_t searched = 0;
  for (;;) {
    const auto text = as_text(unread_.view());
    const auto from = searched > delimiter.size() - 1 ? searched - (delimiter.size() - 1) : 0;
    const auto found = text.find(delimiter, from);
    const auto end = found == std::string_view::npos ? text.size() : found + delimiter.size();
    if (end > limit || (found == std::string_view::npos && end == limit))
      co_return failure(condition::too_long, "read");
    if (found != std::string_view::npos) {
      noted_.progressed = true;
      unread_.consume(end);  // the block stays until the next read, the view is into it
      co_return text.substr(0, end);
    }
    searched = text.size();
    const auto more = co_await fill();
    if (!more) co_return std::unexpected(more.error());
  }
}

task<result<std::string_view>> connection::read_line(std::size_t limit) {
  auto line = co_await read_until("\n", limit);
  if (!line) co_return line;
  line->remove_suffix(1);
  if (line->ends_with('\r')) line->remove_suffix(1);
  co_return line;
}

task<result<void>> connection::read_exact(mutable_bytes all) {
  while (!all.empty()) {
    if (unread_.empty()) {
      const auto more = co_await fill();
      if (!more) co_return std::unexpected(more.error());
    }
    const auto count = std::min(all.size(), unread_.size());
    std::memcpy(all.data(), unread_.data(), count);
    noted_.progressed = true;
    unread_.consume(count);
    all = all.subspan(count);
  }
  co_return result<void>{};
}

namespace detail {

namespace {

void set_read_limits(io::operation& read, const connection& from) noexcept {
  read.kind = operation_kind::receive;
  read.fd = from.socket();
  read.idle_ms = from.idle_ms();
  read.until = from.current_deadline();
}

std::unexpected<error> failed_read(std::int64_t code) {
  if (code == 0) return failure(condition::end_of_stream, "read");
  return failure(static_cast<int>(-code), "read");
}

/// There is no socket to write to: the write is over before it began.
void give_up(io::operation& write) noexcept {
  write.size = 0;
  write.result = -EPIPE;
}

samjoko::result<void> written(std::int64_t code, connection& to) {
  if (code >= 0) return {};
  to.note_failed_write();
  return failure(static_cast<int>(-code), "write");
}

}  // namespace

reading::reading(connection& from) noexcept : awaited(from.loop(), from.context()), from_(from) {
  set_read_limits(*this, from);
  result = from.noted_.is_closed ? -EBADF : 0;
  if (from.unread_.empty()) from.unread_.reset();
}

samjoko::result<lease> reading::await_resume() {
  const bool could_stop = from_.take_back(stop_);
  from_.noted_.progressed = true;
  noted(from_.unread_.empty() && result <= 0);
  if (!from_.unread_.empty()) return std::move(from_.unread_);
  if (result > 0) return lease(from_.loop().buffers(), data, static_cast<std::size_t>(result));
  if (result == -ECANCELED && could_stop && !from_.context().cancelled) {
    // What reached our kernel before this moment has begun; it is still answered.
    auto last = from_.receive_now();
    if (last || !last.error().is(EAGAIN)) return last;
    return failure(condition::stopping, "read");
  }
  from_.noted_.peer_finished |= result == 0 || result == -ECONNRESET;
  return failed_read(result);
}

filling::filling(connection& from) noexcept : awaited(from.loop(), from.context()), from_(from) {
  auto& unread = from.unread_;
  if (unread.empty()) unread.reset();
  if (!unread.has_block()) unread = lease(from.loop().buffers(), from.loop().buffers().take(), 0);
  if (unread.tail().empty()) unread.compact();
  set_read_limits(*this, from);
  result = from.noted_.is_closed ? -EBADF : 0;
  data = unread.tail().data();
  size = unread.tail().size();
}

samjoko::result<std::size_t> filling::await_resume() {
  noted(size == 0 || result <= 0);
  if (size == 0) return failure(EMSGSIZE, "read");
  from_.noted_.peer_finished |= result == 0 || result == -ECONNRESET;
  if (result <= 0) return failed_read(result);
  from_.unread_.extend(static_cast<std::size_t>(result));
  return static_cast<std::size_t>(result);
}

writing::writing(connection& to, bytes all) noexcept : awaited(to.loop(), to.context()), to_(&to) {
  kind = operation_kind::send;
  fd = to.socket();
  data = const_cast<std::byte*>(all.data());  // a send does not write to it
  size = all.size();
  to.set_write_limits(*this, size);
  if (to.noted_.is_closed) give_up(*this);
}

samjoko::result<void> writing::await_resume() const { return written(noted(), *to_); }

writing_parts::writing_parts(connection& to, std::initializer_list<bytes> parts) noexcept
    : awaited(to.loop(), to.context()), to_(&to) {
  SAMJOKO_CHECK(parts.size() <= connection::most_parts, "too many parts in one write");
  std::uint64_t total = 0;
  kind = operation_kind::send_parts;
  fd = to.socket();
  for (const auto& part : parts) {
    if (part.empty()) continue;
    parts_[size++] = {.iov_base = const_cast<std::byte*>(part.data()), .iov_len = part.size()};
    total += part.size();
  }
  to.set_write_limits(*this, total);
  if (to.noted_.is_closed) give_up(*this);
}

samjoko::result<void> writing_parts::await_resume() const { return written(noted(), *to_); }

sending_file::sending_file(connection& to, int from, std::uint64_t from_offset,
                           std::uint64_t count) noexcept
    : awaited(to.loop(), to.context()), to_(&to) {
  kind = operation_kind::send_file;
  fd = to.socket();
  file = from;
  offset = static_cast<off_t>(from_offset);
  size = count;
  to.set_write_limits(*this, count);
  if (to.noted_.is_closed) give_up(*this);
}

samjoko::result<std::uint64_t> sending_file::await_resume() const {
  noted();
  if (result < 0) {
    to_->note_failed_write();
    return failure(static_cast<int>(-result), "send file");
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace detail
}  // namespace samjoko

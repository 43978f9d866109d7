#include <samjoko/net/connect.hpp>

#include <samjoko/os/socket.hpp>

namespace samjoko {
namespace {

class connecting : public io::awaited<io::operation> {
 public:
  connecting(io::loop& on, int socket, const os::address& to, milliseconds limit) noexcept
      : awaited(on) {
    kind = io::operation_kind::connect;
    fd = socket;
    data = reinterpret_cast<std::byte*>(const_cast<sockaddr*>(to.data()));  // only read
    size = to.size();
    allowance_ms = static_cast<std::uint32_t>(limit.count());
  }
};

}  // namespace

task<result<os::descriptor>> connect(connection& from, const os::address& to, milliseconds limit) {
  auto socket = os::socket_for(to);
  if (!socket) co_return socket;
  const auto code = co_await connecting(from.loop(), socket->get(), to, limit);
  if (code < 0) {
    io::operation close;  // the loop may know the descriptor
    close.kind = io::operation_kind::close;
    close.fd = socket->release();
    from.loop().begin(close);
    co_return failure(static_cast<int>(-code), "connect", to.text());
  }
  io::operation release;  // the new owner may drop the socket, or take it to another loop
  release.kind = io::operation_kind::release;
  release.fd = socket->get();
  from.loop().begin(release);
  if (from.loop().blocks()) {
    auto set = os::set_blocking(socket->get(), true);
    if (!set) co_return failure_of(set);
  }
  co_return socket;
}

}  // namespace samjoko

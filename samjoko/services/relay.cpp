#include <samjoko/services/relay.hpp>

#include <cerrno>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::services {
namespace {

/// What the two directions know of each other.
struct both_ways {
  /// When a byte last passed, in either direction: a silent side is not idle while the other sends.
  steady::time_point last = os::coarse_now();
  int ended = 0;  ///< of the two
  bool aborted = false;

  [[nodiscard]] bool is_recent(milliseconds idle) const noexcept {
    return os::coarse_now() - last < idle;
  }
};

/// The receiver was reset, or has left altogether.
bool is_gone(const error& why) noexcept { return why.is(EPIPE) || why.is(ECONNRESET); }

task<result<void>> pass_on(connection& from, connection& to, both_ways& both) {
  for (;;) {
    auto bytes = co_await from.read();
    if (!bytes) {
      if (bytes.error().is(condition::end_of_stream)) break;
      if (bytes.error().is(ETIMEDOUT) && both.is_recent(from.limits().idle)) continue;
      co_return std::unexpected(bytes.error());
    }
    both.last = os::coarse_now();
    const auto written = co_await to.write(*bytes);
    if (written) continue;
    if (!is_gone(written.error())) co_return written;
    both.aborted = true;  // what that side sent before still goes the other way
    co_return result<void>{};
  }
  // A socket reports its reset once: when a write has got it, a read sees a plain end.
  if (both.aborted) co_return result<void>{};
  to.shutdown_send();
  ++both.ended;
  co_return result<void>{};
}

task<> relay_client(connection& client, const relay_options& options) {
  client.reset();  // for an end before both sides have ended: an error, a limit, a crash
  auto socket = co_await options.to.connect(client, options.connect_timeout);
  if (!socket) {
    log::warning("relay", "{}", socket.error().sentence());
    co_return;
  }
  connection server(client, std::move(*socket));
  server.reset();
  both_ways both;
  scope directions(client.context());
  directions.spawn(pass_on(client, server, both));
  directions.spawn(pass_on(server, client, both));
  const auto passed = co_await directions.join();
  // A scope that was cancelled from outside (a limit, a stop) is no failure of its children.
  if (!passed || both.ended != 2) co_return;
  client.reset(false);
  server.reset(false);
  client.close_at_once();
}

}  // namespace

service relay(relay_options options) {
  return {.name = "relay",
          .handler = [options](connection& client) { return relay_client(client, options); }};
}

}  // namespace samjoko::services

#include <samjoko/services/relay.hpp>

#include <cerrno>
#include <samjoko/net/connect.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::services {
namespace {

/// When a byte last passed, in either direction: one that is silent is not idle while the other
/// talks.
struct traffic {
  steady::time_point last = os::coarse_now();
  [[nodiscard]] bool is_recent(milliseconds idle) const noexcept {
    return os::coarse_now() - last < idle;
  }
};

task<result<void>> pass_on(connection& from, connection& to, traffic& both) {
  for (;;) {
    auto bytes = co_await from.read();
    if (!bytes) {
      if (bytes.error().is(condition::end_of_stream)) break;
      if (bytes.error().is(ETIMEDOUT) && both.is_recent(from.limits().idle)) continue;
      co_return std::unexpected(bytes.error());
    }
    both.last = os::coarse_now();
    const auto written = co_await to.write(*bytes);
    if (!written) co_return written;
  }
  to.shutdown_send();
  co_return result<void>{};
}

task<> relay_client(connection& client, const relay_options& options) {
  auto socket = co_await connect(client, options.to, options.connect_timeout);
  if (!socket) {
    os::log_warning("relay", "{}", socket.error().sentence());
    co_return;
  }
  connection server(client, std::move(*socket));
  traffic both;
  scope directions(client.context());
  directions.spawn(pass_on(client, server, both));
  directions.spawn(pass_on(server, client, both));
  const auto passed = co_await directions.join();
  if (passed) client.close_at_once();  // both sides have finished
}

}  // namespace

service relay(relay_options options) {
  return {.name = "relay",
          .handler = [options](connection& client) { return relay_client(client, options); }};
}

}  // namespace samjoko::services

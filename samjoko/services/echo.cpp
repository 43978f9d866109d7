#include <samjoko/services/echo.hpp>

namespace samjoko::services {
namespace {

/// A turn starts when bytes have come: they are sent back from the buffer they are in.
task<next> send_back(connection& client) {
  const auto came = client.unread();
  const auto written = co_await client.write(came);
  if (!written) co_return next::close;
  client.consume(came.size());
  co_return next::keep;
}

}  // namespace

service echo() { return {.name = "echo", .handler = send_back}; }

}  // namespace samjoko::services

#include <samjoko/services/echo.hpp>

namespace samjoko::services {
namespace {

task<> send_back(connection& client) {
  while (auto bytes = co_await client.read()) {
    const auto written = co_await client.write(*bytes);
    if (!written) co_return;
  }
}

}  // namespace

service echo() {
  // What was read is sent back before the next read: between the two nothing is owed to the client.
  return {.name = "echo", .handler = send_back, .stops_between_reads = true};
}

}  // namespace samjoko::services

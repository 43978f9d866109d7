#pragma once
// Charter: the two choices that place a client (a process, a thread or a shared loop; one for each
// client, or a pool), and the limits of a service. Pure data: the command line, a file or a program
// sets it.

#include <cstddef>
#include <cstdint>
#include <samjoko/net/limits.hpp>
#include <string_view>

namespace samjoko {

enum class model : std::uint8_t { process, thread, multiplex };
enum class spawn : std::uint8_t { each, pool };

[[nodiscard]] std::string_view name_of(model which) noexcept;
[[nodiscard]] std::string_view name_of(spawn which) noexcept;

struct serve_limits {
  connection_limits connection;
  /// Connections open at once in all workers of the program; more are refused. 0: as many as there
  /// are descriptors, or 131,072 with a limit per peer.
  std::uint32_t max_connections = 0;
  /// How many of them may come from one IPv4 address or one IPv6 network of 64 bits
  /// (serve/connection_limiter.hpp says why). 0: no limit. Unix peers are not counted.
  std::uint32_t max_connections_per_peer = 0;

  std::uint32_t pool_min = 4;
  std::uint32_t pool_max = 256;
  /// A process or thread that a pool does not need leaves after this time without a client.
  milliseconds pool_idle{10'000};
  /// A pool process leaves after so many clients. 0: never.
  std::uint64_t recycle_after = 0;
  /// Bytes of stack for a thread.
  std::size_t stack_size = 256 * 1024;
};

}  // namespace samjoko

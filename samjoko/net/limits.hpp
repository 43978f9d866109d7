#pragma once
// Charter: the time limits of a connection: safe defaults, each an option of the command line.

#include <cstdint>
#include <samjoko/base/deadline.hpp>

namespace samjoko {

struct connection_limits {
  /// How long a read or a rest may wait without a byte. 0: for ever.
  milliseconds idle{60'000};
  /// How long one turn of a handler may take, from its first byte to its end; in the plain form,
  /// how long the whole connection may take. Then its waits are cancelled and the client is closed.
  /// 0: for ever.
  milliseconds turn{0};
  /// How long a write may make no progress. 0: for ever.
  milliseconds write_idle{30'000};
  /// A write must be finished within the grace plus its size over this rate, in bytes per second.
  /// 0: no minimum.
  std::uint32_t minimum_write_rate = 512;
  milliseconds write_grace{10'000};
};

}  // namespace samjoko

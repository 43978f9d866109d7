#pragma once
// Charter: what can be set about a service that speaks HTTP, with safe defaults.

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/proto/http1_limits.hpp>
#include <string>

namespace samjoko::web {

/// A head that is longer than a block of the loop is gathered in memory of its own, which only a
/// request that needs it holds. A limit below the least would refuse every client.
inline constexpr std::size_t least_head_size = 64;
inline constexpr std::size_t most_head_size = proto::head_size_cap;

struct http_options {
  proto::http1_limits limits{};
  /// For a whole head, counted from its first byte. Above: 408.
  milliseconds head_timeout{20'000};
  /// For a whole body. Above: 408.
  milliseconds body_timeout{30'000};
  /// Only GET and HEAD reach the handler; other methods are answered with 405 and Allow. A body
  /// does not change that (RFC 9110 section 9.3.1): whatever the method, it is read away.
  bool only_reads = true;
  /// Adds `X-Served-By: PID/TID/MODEL` to every answer.
  bool identify = false;
};

/// condition::bad_argument for a limit that cannot be kept, such as a head_size that is not from
/// least_head_size to most_head_size.
[[nodiscard]] result<void> check_options(const http_options& options);

}  // namespace samjoko::web

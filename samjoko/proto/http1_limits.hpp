#pragma once
// Charter: every number that bounds what one HTTP/1 client may make us hold or read, and the status
// that is answered when it asks for more. Sizes are in bytes.

#include <cstddef>
#include <cstdint>

namespace samjoko::proto {

/// No option can raise this: the most that a client may make us hold before its request is known.
inline constexpr std::size_t head_size_cap = 256 * 1024;
inline constexpr std::size_t field_count_cap = 256;

struct http1_limits {
  /// Request line and fields with their line ends. Above: 431. At most head_size_cap.
  std::size_t head_size = 16 * 1024;
  /// The request target. Above: 414.
  std::size_t target_size = 8 * 1024;
  /// How many fields. Above: 431. At most field_count_cap.
  std::size_t field_count = 100;
  /// Empty lines skipped before a request (RFC 9112 section 2.2 asks for at least one). Above: 400.
  std::size_t leading_empty_lines = 4;
  /// A body that the service does not use is read away up to here; above: 413, and the connection
  /// is closed.
  std::uint64_t discarded_body_size = 64 * 1024;
  /// Chunk extensions of a whole body, so that many small chunks cannot carry much. Above: 400.
  std::size_t chunk_extension_size = 4 * 1024;
  /// The trailer section of a chunked body. Above: 431.
  std::size_t trailer_size = 4 * 1024;
};

}  // namespace samjoko::proto

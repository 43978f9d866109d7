#pragma once
// Charter: for tests only: what clients may send, as data, and a reader that plays a connection
// with the bytes arriving in pieces of a chosen size. Every case must read the same in every size.

#include <samjoko/proto/http1_limits.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace samjoko::proto::corpus {

struct sample {
  std::string_view about;
  std::string_view bytes;
  /// What the reader must say: per message "METHOD RESOURCE 1.MINOR HOST BODY;", then the status of
  /// a refusal ("400"), "more" when the last message is incomplete, or nothing. Nothing is read
  /// behind a message that closes the connection.
  std::string_view reading;
};

/// Samples that differ in one place only: a message is before + bytes + after.
struct table {
  std::string_view before, after;
  std::span<const sample> samples;
};
[[nodiscard]] std::span<const table> tables() noexcept;

/// Reads `bytes` in pieces of `piece` (0: whole). With `reasons`, a refusal's words are added.
[[nodiscard]] std::string read_in_pieces(std::string_view bytes, std::size_t piece,
                                         const http1_limits& limits, bool reasons);

}  // namespace samjoko::proto::corpus

#pragma once
// Charter: why a message was not accepted, as the status to answer with. After a refusal nothing
// more can be read from that connection: where the next message begins is not known.

#include <expected>
#include <string_view>

namespace samjoko::proto {

struct refusal {
  int status = 400;      ///< 400, 413, 414, 417, 431, 501 or 505 (RFC 9110 section 15)
  std::string_view why;  ///< a literal for the log; never the client's own bytes

  friend constexpr bool operator==(const refusal&, const refusal&) noexcept = default;
};

[[nodiscard]] inline std::unexpected<refusal> refuse(int status, std::string_view why) noexcept {
  return std::unexpected(refusal{status, why});
}

}  // namespace samjoko::proto

#pragma once
// Charter: the "host:port" of a Host field or of a target, and whether it may be believed.

#include <optional>
#include <string_view>

namespace samjoko::proto {

/// Views into the text that was parsed.
struct authority {
  std::string_view host;  ///< never empty; an IPv6 address keeps its brackets
  std::string_view port;  ///< at most five digits, at most 65535; empty when none was sent
};

/// uri-host [ ":" port ] of RFC 9110 section 7.2, with the host of RFC 3986 section 3.2.2. Nothing
/// for an empty host (RFC 9110 section 4.2.1: must be rejected), user information (section 4.2.4)
/// and any other character that a host cannot have.
[[nodiscard]] std::optional<authority> parse_authority(std::string_view text) noexcept;

}  // namespace samjoko::proto

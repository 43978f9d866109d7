#pragma once
// Charter: the first line of a request (RFC 9112 section 3), judged by our own rules: Beast's are
// wider for targets and narrower for versions than the RFC.

#include <samjoko/proto/http1_limits.hpp>
#include <samjoko/proto/refusal.hpp>
#include <samjoko/proto/request.hpp>

#include <expected>
#include <string_view>

namespace samjoko::proto {

/// Views into the line that was parsed.
struct request_line {
  http_method method = http_method::other;
  int version_minor = 1;  ///< 0 or 1
  std::string_view method_text;
  std::string_view target;     ///< as sent
  std::string_view resource;   ///< path and query; empty for CONNECT and where there is no path
  std::string_view authority;  ///< of an absolute or authority form, valid; else empty
  std::size_t size = 0;        ///< with its CRLF
};

/// `head` begins with the line and its CRLF.
[[nodiscard]] std::expected<request_line, refusal> parse_request_line(
    std::string_view head, const http1_limits& limits) noexcept;

}  // namespace samjoko::proto

#pragma once
// Charter: a complete HTTP/1 request head becomes a request, or a refusal with the status to
// answer. The only file that knows Boost.Beast is the source of this header.

#include <samjoko/proto/http1_limits.hpp>
#include <samjoko/proto/refusal.hpp>
#include <samjoko/proto/request.hpp>

#include <expected>
#include <string_view>

namespace samjoko::proto {

/// `head`: what head_finder delimited, from the method to the empty line. `out` refers to its bytes
/// afterwards; after a refusal it is unspecified. Allocates nothing. Any number of threads may
/// parse.
[[nodiscard]] std::expected<void, refusal> parse_head(std::string_view head,
                                                      const http1_limits& limits, request& out);

}  // namespace samjoko::proto

#pragma once
// Charter: from the resource of a request to a path that is safe to look up: decoded once, without
// dot segments, never above its root.

#include <samjoko/proto/refusal.hpp>

#include <expected>
#include <span>
#include <string_view>

namespace samjoko::proto {

/// Views into the resource; both still encoded.
struct resource_parts {
  std::string_view path;   ///< before the first "?"
  std::string_view query;  ///< behind it; empty also when there is no "?"
  bool has_query = false;
};
[[nodiscard]] resource_parts split_resource(std::string_view resource) noexcept;

/// Writes the path into `room` and returns what was written: "/" and segments, with a "/" at the
/// end where the path names a directory ("/a/", "/a/.", "/a/b/.."). It is at most as long as `path`
/// ("/" for an empty one); a room of one byte more always suffices.
///
/// First decoded, then cut at slashes, as nginx does: an encoded slash separates segments and an
/// encoded dot counts in "..", so that no code behind this one can see a segment that it did not
/// see. Empty segments are dropped ("//a///b" is "/a/b"), since the file system drops them too.
///
/// Refused: "%" without two hexadecimal digits (400), a NUL (400), ".." above the root (400), a
/// path that does not begin with "/" (400), and a path longer than the room (414). Other bytes are
/// left to the file system.
[[nodiscard]] std::expected<std::string_view, refusal> decode_path(std::string_view path,
                                                                   std::span<char> room) noexcept;

}  // namespace samjoko::proto

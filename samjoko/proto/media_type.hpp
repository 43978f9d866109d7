#pragma once
// Charter: the Content-Type of a file by the extension of its name.
//
// Text is declared as UTF-8, HTML too: that is what text on this system is, the HTML standard knows
// no other encoding for new pages, and a page without a declaration of its own would be shown in
// the browser's old regional one. XML and SVG say their encoding themselves; JSON has only one.

#include <string_view>

namespace samjoko::proto {

/// For a name without extension, or with an unknown one: browsers save it instead of guessing.
inline constexpr std::string_view default_media_type = "application/octet-stream";

/// `path` may be a name or a whole path. Letters of any case; the last extension counts ("a.tar.gz"
/// is gzip); a leading dot begins a name and no extension. A literal.
[[nodiscard]] std::string_view media_type(std::string_view path) noexcept;

}  // namespace samjoko::proto

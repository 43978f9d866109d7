#pragma once
// Charter: the Content-Type of a file by the extension of its name.
//
// Text is declared as UTF-8: that is what text on this system is. HTML and CSS are not: such files
// state their encoding themselves (<meta charset>, @charset), and a header overrules that, so a
// page in EUC-KR would be garbled. XML and SVG state theirs too; JSON has only one.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace samjoko::proto {

/// For a name without extension, or with an unknown one: browsers save the file instead of
/// guessing.
inline constexpr std::string_view default_media_type = "application/octet-stream";

/// `path` may be a name or a whole path. Letters of any case; the last extension counts ("a.tar.gz"
/// is gzip); a leading dot begins a name and no extension. A literal.
[[nodiscard]] std::string_view media_type(std::string_view path) noexcept;

/// The same with more extensions, from a file in the form of /etc/mime.types: each line has a type
/// and its extensions. They do not change what is built in: that file's types for "ts" and "rs" are
/// wrong for the web. When an extension is in two lines the first counts; a malformed line is
/// skipped.
class media_types {
 public:
  media_types() = default;
  explicit media_types(std::string_view text);

  /// Lives as long as this object.
  [[nodiscard]] std::string_view of(std::string_view path) const noexcept;

 private:
  std::map<std::string, std::string, std::less<>> more_;
};

}  // namespace samjoko::proto

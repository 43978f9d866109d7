#pragma once
// Charter: the Content-Type of a file by the extension of its name.
//
// Text is declared as UTF-8: that is what text on this system is. Not so HTML and CSS: such files
// say their encoding themselves (<meta charset>, @charset), and what a header says overrules that,
// so that a page in EUC-KR would be garbled. XML and SVG say theirs too; JSON has only one.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace samjoko::proto {

/// For a name without extension, or with an unknown one: browsers save it instead of guessing.
inline constexpr std::string_view default_media_type = "application/octet-stream";

/// `path` may be a name or a whole path. Letters of any case; the last extension counts ("a.tar.gz"
/// is gzip); a leading dot begins a name and no extension. A literal.
[[nodiscard]] std::string_view media_type(std::string_view path) noexcept;

/// The same with more extensions, those of a file in the form of /etc/mime.types: a type and its
/// extensions in each line. What is built in is not changed by it: that file's types for "ts" and
/// "rs" are wrong for the web. Of an extension in two lines the first counts; a line that is
/// malformed is skipped.
class media_types {
 public:
  media_types() = default;
  explicit media_types(std::string_view text);

  /// Lives as long as this.
  [[nodiscard]] std::string_view of(std::string_view path) const noexcept;

 private:
  std::map<std::string, std::string, std::less<>> more_;
};

}  // namespace samjoko::proto

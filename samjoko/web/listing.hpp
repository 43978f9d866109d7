#pragma once
// Charter: a directory as a page: names, times and sizes, directories first. Names that begin with
// a dot are not shown (they are served when asked for); nor is what is neither file nor directory.

#include <samjoko/base/result.hpp>
#include <string>
#include <string_view>

namespace samjoko::web {

/// More entries than this are not shown, and the page says so.
inline constexpr std::size_t most_listed = 10'000;

/// `path` is decoded and ends with "/". The page is HTML in UTF-8.
[[nodiscard]] result<std::string> listing_page(int directory, std::string_view path);

/// All but unreserved characters (RFC 3986 section 2.3) and slashes as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view path);

}  // namespace samjoko::web

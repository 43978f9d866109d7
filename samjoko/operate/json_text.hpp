#pragma once
// Charter: JSON (RFC 8259) written by hand, for the little that the master says in it.

#include <string>
#include <string_view>

namespace samjoko::operate {

/// `text` as a JSON string, quotes and all; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace samjoko::operate

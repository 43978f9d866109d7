#pragma once
// Charter: quantities as people write them.

#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <string_view>

namespace samjoko::cli {

/// `90`, `90s`, `1.5s`, `500ms`, `2m`, `1h`; a bare number is seconds.
[[nodiscard]] result<milliseconds> parse_time(std::string_view text);
/// `4096`, `64k`, `2m`, `1g`: powers of 1024.
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);
/// `660`, `0660`: permission bits.
[[nodiscard]] result<unsigned> parse_mode(std::string_view text);

}  // namespace samjoko::cli

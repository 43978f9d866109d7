#pragma once
// Charter: quantities as users write them.

#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::cli {

/// `90`, `90s`, `1.5s`, `500ms`, `2m`, `1h`; a bare number is seconds.
[[nodiscard]] result<milliseconds> parse_time(std::string_view text);
/// `4096`, `64k`, `2m`, `1g`: powers of 1024.
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);
/// `660`, `0660`: permission bits.
[[nodiscard]] result<unsigned> parse_mode(std::string_view text);
/// debug, info, notice, warning or error, unchanged.
[[nodiscard]] result<std::string> parse_level(std::string_view text);
/// Any text that is not empty.
[[nodiscard]] result<std::string> parse_text(std::string_view text);
/// `true`, `yes`, `on`, `1` and their opposites.
[[nodiscard]] result<bool> parse_switch(std::string_view text);
/// A whole number within bounds.
[[nodiscard]] result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least,
                                                std::uint64_t most);

/// An error for the user who wrote the text: for condition::bad_argument the message alone, which
/// names the text and what to write instead; for any other condition the whole sentence.
[[nodiscard]] std::string in_words(const error& wrong);
/// "SAMJOKO_IDLE_TIMEOUT" of "idle-timeout"
[[nodiscard]] std::string variable_name(std::string_view option_name);
/// The word of `known` that a mistyped word, or one of an earlier version, was meant to be; empty
/// when none is near.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace samjoko::cli

#pragma once
// Charter: the few characters and shapes that HTTP's grammar is made of (RFC 9110 section 5.6), as
// tables and small functions without a locale. Nothing here allocates, throws or knows a message.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace samjoko::proto {

using character_set = std::array<bool, 256>;

[[nodiscard]] constexpr bool contains(const character_set& set, char c) noexcept {
  return set[static_cast<unsigned char>(c)];
}

/// How many characters of the set `text` begins with.
[[nodiscard]] constexpr std::size_t span_of(const character_set& set,
                                            std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && contains(set, *at)) ++at;
  return text.size() - static_cast<std::size_t>(end - at);
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The characters of `extra`, and letters and digits.
[[nodiscard]] constexpr character_set alphanumeric_and(std::string_view extra) noexcept {
  character_set set{};
  for (int c = 0; c < 128; ++c) {
    const auto letter = static_cast<char>(c);
    set[static_cast<std::size_t>(c)] = is_digit(letter) || is_letter(letter);
  }
  for (const char c : extra) set[static_cast<unsigned char>(c)] = true;
  return set;
}

/// Visible characters, obs-text, space and tab: what may stand inside a line (RFC 9110
/// section 5.5).
[[nodiscard]] constexpr character_set line_characters() noexcept {
  character_set set{};
  for (std::size_t c = 0; c < set.size(); ++c) set[c] = (c >= 0x20 && c != 0x7f) || c == '\t';
  return set;
}

/// RFC 9110 section 5.6.2.
inline constexpr character_set token_set = alphanumeric_and("!#$%&'*+-.^_`|~");
inline constexpr character_set line_set = line_characters();

[[nodiscard]] constexpr bool is_token_character(char c) noexcept { return contains(token_set, c); }

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_token_character(c)) return false;
  }
  return !text.empty();
}

/// 0 to 15, or -1 for a character that is no hexadecimal digit.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[nodiscard]] constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// ASCII letters only: names of fields, codings and units are never anything else.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// The text without the optional white space around it (RFC 9110 section 5.6.3).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the first element off a comma list and trims it; quoted strings are not understood.
[[nodiscard]] constexpr std::string_view next_element(std::string_view& list) noexcept {
  const auto comma = list.find(',');
  const auto element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

/// 1*DIGIT that fits, leading zeros allowed; nothing for signs, spaces, overflow and the empty
/// text.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (most - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace samjoko::proto

#pragma once
// Charter: the dates of HTTP (RFC 9110 section 5.6.7), always in UTC and in English, whatever the
// locale. No clock is read here: the caller says what time it is.

#include <array>
#include <cstddef>
#include <ctime>
#include <optional>
#include <span>
#include <string_view>

namespace samjoko::proto {

/// "Sun, 06 Nov 1994 08:49:37 GMT"
inline constexpr std::size_t http_date_size = 29;

/// IMF-fixdate. `when` in seconds of the epoch, from the year 0 to 9999; others are moved to the
/// nearest.
void format_http_date(std::time_t when, std::span<char, http_date_size> out) noexcept;

/// Any of the three forms, to the letter; nothing for all other text, also for a day that does not
/// exist, a wrong name of the day, and a leap second. `now` decides the century of the form of RFC
/// 850: at most 50 years ahead.
[[nodiscard]] std::optional<std::time_t> parse_http_date(std::string_view text,
                                                         std::time_t now) noexcept;

/// The whole "Date: ...\r\n" line, written anew only when the second changed. One per thread or
/// loop: not for use by two threads at once.
class date_cache {
 public:
  static constexpr std::size_t line_size = sizeof("Date: ") - 1 + http_date_size + 2;

  /// Valid until the next call.
  [[nodiscard]] std::span<const char, line_size> line(std::time_t now) noexcept {
    if (now != written_) write(now);
    return text_;
  }

 private:
  void write(std::time_t now) noexcept;

  std::optional<std::time_t> written_;
  std::array<char, line_size> text_{};
};

}  // namespace samjoko::proto

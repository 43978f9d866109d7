#include <samjoko/proto/http_date.hpp>

#include <samjoko/proto/grammar.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace samjoko::proto {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

constexpr std::int64_t seconds_per_day = 86400;
constexpr std::int64_t first_second = -62167219200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t last_second = 253402300799;   // 9999-12-31T23:59:59Z

struct moment {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::size_t weekday = 0;
};

moment split(std::time_t when) noexcept {
  const auto seconds = std::clamp<std::int64_t>(when, first_second, last_second);
  const auto day = chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(seconds)));
  const chrono::year_month_day date(day);
  const auto of_day = static_cast<int>(seconds - day.time_since_epoch().count() * seconds_per_day);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          of_day / 3600,
          of_day / 60 % 60,
          of_day % 60,
          chrono::weekday(day).c_encoding()};
}

void two_digits(char* out, int number) noexcept {
  out[0] = static_cast<char>('0' + number / 10);
  out[1] = static_cast<char>('0' + number % 10);
}

/// Takes a text apart from the left; once a part is not as expected, it fails for good.
class date_scanner {
 public:
  explicit date_scanner(std::string_view text) noexcept : rest_(text) {}

  void literal(std::string_view wanted) noexcept {
    good_ = good_ && rest_.starts_with(wanted);
    if (good_) rest_.remove_prefix(wanted.size());
  }
  int number(std::size_t digits) noexcept {
    int value = 0;
    good_ = good_ && rest_.size() >= digits;
    for (std::size_t i = 0; good_ && i < digits; ++i) {
      good_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(digits);
    return value;
  }
  /// asctime's day of the month: two places, the first may be a space.
  int padded_day() noexcept {
    if (!rest_.starts_with(' ')) return number(2);
    literal(" ");
    return number(1);
  }
  std::size_t weekday(std::size_t letters) noexcept {
    for (std::size_t day = 0; day < day_names.size(); ++day) {
      const auto name = day_names[day].substr(0, letters);
      if (!rest_.starts_with(name)) continue;
      rest_.remove_prefix(name.size());
      return day;
    }
    good_ = false;
    return 0;
  }
  int month() noexcept {
    const auto at =
        rest_.size() < 3 ? std::string_view::npos : month_names.find(rest_.substr(0, 3));
    good_ = good_ && at != std::string_view::npos && at % 3 == 0;
    if (!good_) return 0;
    rest_.remove_prefix(3);
    return static_cast<int>(at / 3) + 1;
  }
  void time(moment& out) noexcept {
    out.hour = number(2);
    literal(":");
    out.minute = number(2);
    literal(":");
    out.second = number(2);
  }
  [[nodiscard]] bool good_to_the_end() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

/// Nothing where the parts are no date, or the day of the week is another.
std::optional<std::time_t> join(const moment& parts) noexcept {
  const chrono::year_month_day date(chrono::year(parts.year),
                                    chrono::month(static_cast<unsigned>(parts.month)),
                                    chrono::day(static_cast<unsigned>(parts.day)));
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 59) return std::nullopt;
  const chrono::sys_days day(date);
  if (chrono::weekday(day).c_encoding() != parts.weekday) return std::nullopt;
  return day.time_since_epoch().count() * seconds_per_day + parts.hour * 3600 + parts.minute * 60 +
         parts.second;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::time_t> parse_fixed(std::string_view text) noexcept {
  date_scanner scan(text);
  moment parts;
  parts.weekday = scan.weekday(3);
  scan.literal(", ");
  parts.day = scan.number(2);
  scan.literal(" ");
  parts.month = scan.month();
  scan.literal(" ");
  parts.year = scan.number(4);
  scan.literal(" ");
  scan.time(parts);
  scan.literal(" GMT");
  return scan.good_to_the_end() ? join(parts) : std::nullopt;
}

/// "Sunday, 06-Nov-94 08:49:37 GMT". The most recent year with those digits that is not more than
/// 50 years ahead of now.
std::optional<std::time_t> parse_rfc850(std::string_view text, std::time_t now) noexcept {
  date_scanner scan(text);
  moment parts;
  parts.weekday = scan.weekday(std::string_view::npos);
  scan.literal(", ");
  parts.day = scan.number(2);
  scan.literal("-");
  parts.month = scan.month();
  scan.literal("-");
  const int two = scan.number(2);
  scan.literal(" ");
  scan.time(parts);
  scan.literal(" GMT");
  if (!scan.good_to_the_end()) return std::nullopt;
  const int latest = split(now).year + 50;
  parts.year = latest - (latest - two) % 100;
  return join(parts);
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<std::time_t> parse_asctime(std::string_view text) noexcept {
  date_scanner scan(text);
  moment parts;
  parts.weekday = scan.weekday(3);
  scan.literal(" ");
  parts.month = scan.month();
  scan.literal(" ");
  parts.day = scan.padded_day();
  scan.literal(" ");
  scan.time(parts);
  scan.literal(" ");
  parts.year = scan.number(4);
  return scan.good_to_the_end() ? join(parts) : std::nullopt;
}

}  // namespace

void format_http_date(std::time_t when, std::span<char, http_date_size> out) noexcept {
  const auto parts = split(when);
  std::memcpy(out.data(), "Sun, 06 Nov 1994 08:49:37 GMT", http_date_size);
  std::memcpy(out.data(), day_names[parts.weekday].data(), 3);
  two_digits(&out[5], parts.day);
  std::memcpy(&out[8], &month_names[static_cast<std::size_t>(parts.month - 1) * 3], 3);
  two_digits(&out[12], parts.year / 100);
  two_digits(&out[14], parts.year % 100);
  two_digits(&out[17], parts.hour);
  two_digits(&out[20], parts.minute);
  two_digits(&out[23], parts.second);
}

std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept {
  if (text.size() > 3 && text[3] == ',') return parse_fixed(text);
  if (text.size() > 3 && text[3] == ' ') return parse_asctime(text);
  return parse_rfc850(text, now);
}

void date_cache::write(std::time_t now) noexcept {
  std::memcpy(text_.data(), "Date: ", 6);
  format_http_date(now, std::span(text_).subspan<6, http_date_size>());
  std::memcpy(text_.data() + text_.size() - 2, "\r\n", 2);
  written_ = now;
}

}  // namespace samjoko::proto

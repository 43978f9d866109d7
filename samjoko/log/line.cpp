#include <samjoko/log/line.hpp>

#include <cstdint>
#include <cstring>

namespace samjoko::log {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

bool is_control(unsigned char byte) noexcept { return byte < 0x20 || byte == 0x7f; }
// Finds U+0080 to U+009F, which some terminals obey: C2 80 to C2 9F.
bool is_second_of_c1(unsigned char first, unsigned char second) noexcept {
  return first == 0xc2 && second >= 0x80 && second <= 0x9f;
}

unsigned char second_of(std::string_view text) noexcept {
  return static_cast<unsigned char>(text[1]);
}

/// The length of the character at the front; 0 when the bytes are not a character (RFC 3629 section
/// 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t n = 1; n < length; ++n) {
    if ((static_cast<unsigned char>(text[n]) & 0xc0) != 0x80) return 0;
  }
  const auto second = second_of(text);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool too_high = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

void line::add(std::string_view text) noexcept {
  if (cut_) return;
  const auto fits = text.size() < room - used_ ? text.size() : room - used_;
  std::memcpy(text_.data() + used_, text.data(), fits);
  used_ += fits;
  cut_ = fits < text.size();
}

void line::add_number(std::uint64_t number, int width) noexcept {
  std::array<char, 20> digits;
  auto at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
    --width;
  } while (number != 0 || width > 0);
  add({digits.data() + at, digits.size() - at});
}

void line::add_control(unsigned char byte) noexcept {
  if (byte == '\n') return add("\\n");
  if (byte == '\t') return add("\\t");
  if (byte == '\r') return add("\\r");
  const char code[] = {'\\', 'x', hex[byte >> 4], hex[byte & 0xf]};
  add({code, sizeof code});
}

void line::add_escaped(std::string_view text) noexcept {
  std::size_t plain = 0;
  unsigned char before = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool second = is_second_of_c1(before, byte);
    before = byte;
    if (!second && !is_control(byte)) continue;
    const auto first = second ? at - 1 : at;
    add(text.substr(plain, first - plain));
    if (second) add_control(0xc2);
    add_control(byte);
    plain = at + 1;
  }
  add(text.substr(plain));
}

void line::add_time(std::chrono::system_clock::time_point when) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(when - day));
  add_number(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  add("-");
  add_number(static_cast<unsigned>(date.month()), 2);
  add("-");
  add_number(static_cast<unsigned>(date.day()), 2);
  add("T");
  add_number(static_cast<std::uint64_t>(time.hours().count()), 2);
  add(":");
  add_number(static_cast<std::uint64_t>(time.minutes().count()), 2);
  add(":");
  add_number(static_cast<std::uint64_t>(time.seconds().count()), 2);
  add(".");
  add_number(static_cast<std::uint64_t>(time.subseconds().count()), 3);
  add("Z");
}

void line::add_whole(std::string_view unit) noexcept {
  if (used_ + unit.size() > room - longest_tail) cut_ = true;  // so that a tail fits behind it
  add(unit);
}

void line::add_json(std::string_view text) noexcept {
  while (!text.empty() && !cut_) {
    const auto byte = static_cast<unsigned char>(text.front());
    const auto length = utf8_length(text);
    if (length == 0) {
      add_whole("\xef\xbf\xbd");
      text.remove_prefix(1);
      continue;
    }
    if (byte == '"' || byte == '\\') {
      const char code[] = {'\\', text.front()};
      add_whole({code, sizeof code});
    } else if (is_control(byte) || (length == 2 && is_second_of_c1(byte, second_of(text)))) {
      const auto point = length == 2 ? second_of(text) : byte;  // C2 80 to C2 9F: the same number
      const char code[] = {'\\', 'u', '0', '0', hex[point >> 4], hex[point & 0xf]};
      add_whole({code, sizeof code});
    } else {
      add_whole(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
}

std::string_view line::finish(std::string_view tail) noexcept {
  const auto append = [this](std::string_view last) {
    // memcpy takes no null, even for 0 bytes.
    used_ += last.copy(text_.data() + used_, last.size());
  };
  if (cut_) append(cut_mark);
  append(tail.substr(0, longest_tail));
  text_[used_++] = '\n';
  return {text_.data(), used_};
}

}  // namespace samjoko::log

#include <samjoko/cli/units.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <samjoko/cli/former_names.hpp>
#include <string>
#include <utility>

namespace samjoko::cli {
namespace {

struct unit {
  std::string_view name;
  double factor;
};

template <std::size_t N>
result<double> parse_with(std::string_view text, const std::array<unit, N>& units, const char* kind,
                          const char* examples) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  // A number beyond a double's range is still a number: the caller checks the maximum.
  if (code == std::errc::result_out_of_range) number = std::numeric_limits<double>::infinity();
  if (code != std::errc::invalid_argument && number >= 0) {
    for (const auto& each : units) {
      if (each.name == name && rest != text.data()) return number * each.factor;
    }
  }
  return failure(condition::bad_argument, "value",
                 fmt::format("'{}' is not a {} (write {})", text, kind, examples));
}

/// How many letters must be changed, added, left out or swapped with their neighbour.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before, row(other.size() + 1), next(other.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t change = one[i - 1] == other[j - 1] ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + change});
      const bool swapped =
          i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = std::exchange(row, next);
  }
  return row.back();
}

}  // namespace

result<milliseconds> parse_time(std::string_view text) {
  static constexpr std::array<unit, 5> units{
      {{"", 1e3}, {"s", 1e3}, {"ms", 1}, {"m", 60e3}, {"h", 3600e3}}};
  const auto parsed = parse_with(text, units, "time", "10s, 500ms, 2m or 1h");
  if (!parsed) return std::unexpected(parsed.error());
  // The value is kept in 32 bits of milliseconds later.
  if (*parsed > 2e9)
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' is more than 23 days", text));
  return milliseconds(static_cast<std::int64_t>(*parsed));
}

result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::array<unit, 7> units{{{"", 1},
                                              {"k", 1024},
                                              {"K", 1024},
                                              {"m", 1048576},
                                              {"M", 1048576},
                                              {"g", 1073741824},
                                              {"G", 1073741824}}};
  const auto parsed = parse_with(text, units, "size", "4096, 64k or 2m");
  if (!parsed) return std::unexpected(parsed.error());
  if (*parsed > 4e18)
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' is more than 4 million terabytes", text));
  return static_cast<std::uint64_t>(*parsed);
}

result<unsigned> parse_mode(std::string_view text) {
  unsigned bits = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, bits, 8);
  if (code == std::errc() && rest == end && bits <= 0777) return bits;
  return failure(condition::bad_argument, "value",
                 fmt::format("'{}' is not a mode (write permission bits such as 660)", text));
}

result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc() && rest == end && number >= least && number <= most) return number;
  return failure(condition::bad_argument, "value",
                 fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
}

result<bool> parse_switch(std::string_view text) {
  for (const std::string_view each : {"true", "yes", "on", "1"}) {
    if (text == each) return true;
  }
  for (const std::string_view each : {"false", "no", "off", "0"}) {
    if (text == each) return false;
  }
  return failure(condition::bad_argument, "value",
                 fmt::format("'{}' is neither true nor false", text));
}

result<std::string> parse_level(std::string_view text) {
  for (const auto* each : {"debug", "info", "notice", "warning", "error"}) {
    if (text == each) return std::string(text);
  }
  return failure(condition::bad_argument, "value",
                 fmt::format("'{}' is not debug, info, notice, warning or error", text));
}

result<std::string> parse_text(std::string_view text) {
  if (!text.empty()) return std::string(text);
  return failure(condition::bad_argument, "value", "its value is empty");
}

std::string in_words(const error& wrong) {
  return wrong.is(condition::bad_argument) ? wrong.on() : wrong.sentence();
}

std::string variable_name(std::string_view option_name) {
  std::string name = "SAMJOKO_";
  for (const char each : option_name)
    name += each == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
  return name;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  auto best = present_name(word);
  if (std::ranges::find(known, best) != known.end()) return best;
  best.clear();
  std::size_t least = 3;  // at a greater distance it is another word
  for (const auto& each : known) {
    const auto far = distance(word, each);
    if (far < least) best = each, least = far;
  }
  return best;
}

}  // namespace samjoko::cli

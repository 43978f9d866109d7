#include <samjoko/cli/units.hpp>

#include <array>
#include <charconv>
#include <string>

namespace samjoko::cli {
namespace {

struct unit {
  std::string_view name;
  double factor;
};

template <std::size_t N>
result<double> parse_with(std::string_view text, const std::array<unit, N>& units,
                          const char* examples) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  if (code == std::errc() && number >= 0 && number < 1e12) {
    for (const auto& each : units) {
      if (each.name == name) return number * each.factor;
    }
  }
  return failure(condition::bad_argument, "value",
                 "'" + std::string(text) + "' (write " + examples + ")");
}

}  // namespace

result<milliseconds> parse_time(std::string_view text) {
  static constexpr std::array<unit, 5> units{
      {{"", 1e3}, {"s", 1e3}, {"ms", 1}, {"m", 60e3}, {"h", 3600e3}}};
  const auto parsed = parse_with(text, units, "10s, 500ms, 2m or 1h");
  if (!parsed) return std::unexpected(parsed.error());
  // Kept in 32 bits of milliseconds further down.
  if (*parsed > 2e9) return failure(condition::bad_argument, "value", "a time over 23 days");
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
  const auto parsed = parse_with(text, units, "4096, 64k or 2m");
  if (!parsed) return std::unexpected(parsed.error());
  return static_cast<std::uint64_t>(*parsed);
}

result<unsigned> parse_mode(std::string_view text) {
  unsigned bits = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, bits, 8);
  if (code == std::errc() && rest == end && bits <= 0777) return bits;
  return failure(condition::bad_argument, "value",
                 "'" + std::string(text) + "' (write permission bits such as 660)");
}

}  // namespace samjoko::cli

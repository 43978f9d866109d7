#pragma once
// Charter: the parts of rows of the table of options: parsers with bounds, and the way from a text
// to a member of serve_options.

#include <fmt/format.h>

#include <samjoko/cli/option.hpp>
#include <samjoko/cli/units.hpp>
#include <type_traits>
#include <utility>

namespace samjoko::cli {

/// Parses a text and puts the value where `path`, a chain of members, leads to: `into(parse_time,
/// &serve_options::limits, &serve_limits::pool_idle)`. A value for a list is added to it.
template <class Parser, class... Path>
taker into(Parser parse, Path... path) {
  return [=](std::string_view text, serve_options& to) -> result<void> {
    auto parsed = parse(text);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    auto& target = (to.*....*path);
    using value = std::remove_reference_t<decltype(target)>;
    if constexpr (requires { target.push_back(*parsed); }) {
      target.push_back(std::move(*parsed));
    } else if constexpr (std::is_arithmetic_v<value>) {
      target = static_cast<value>(*parsed);
    } else {
      target = std::move(*parsed);
    }
    return {};
  };
}

inline auto count_between(std::uint64_t least, std::uint64_t most) {
  return [=](std::string_view text) { return parse_count(text, least, most); };
}

inline auto time_between(milliseconds least, milliseconds most) {
  return [=](std::string_view text) -> result<milliseconds> {
    auto parsed = parse_time(text);
    if (!parsed || (*parsed >= least && *parsed <= most)) return parsed;
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' is not from {}ms to {}s", text, least.count(),
                               std::chrono::duration_cast<std::chrono::seconds>(most).count()));
  };
}

/// A parser of sizes that keeps to a range, and names the reason for the range.
inline auto size_between(std::uint64_t least, std::uint64_t most, const char* why) {
  return [=](std::string_view text) -> result<std::uint64_t> {
    auto parsed = parse_size(text);
    if (!parsed || (*parsed >= least && *parsed <= most)) return parsed;
    return failure(condition::bad_argument, "value",
                   fmt::format("'{}' is not from {} to {} bytes: {}", text, least, most, why));
  };
}

inline constexpr std::uint64_t million = 1'000'000;

}  // namespace samjoko::cli

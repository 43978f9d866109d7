#include <samjoko/proto/range.hpp>

#include <samjoko/proto/grammar.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace samjoko::proto {
namespace {

constexpr auto most_number = std::numeric_limits<std::uint64_t>::max();

/// 1*DIGIT. A number that does not fit is behind the end of everything: the largest number serves
/// as well.
std::optional<std::uint64_t> position(std::string_view text) noexcept {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  return parse_decimal(text).value_or(most_number);
}

/// A range of size 0 is valid and not satisfiable; no value: the range is invalid.
std::optional<byte_range> parse_one(std::string_view text, std::uint64_t size) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto last = position(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    const auto suffix = std::min(*last, size);
    return byte_range{size - suffix, suffix};
  }
  const auto first = position(text.substr(0, dash));
  const bool open = dash + 1 == text.size();
  if (!first || (!open && (!last || *last < *first))) return std::nullopt;
  if (*first >= size) return byte_range{};
  const auto end = open ? size - 1 : std::min(*last, size - 1);
  return byte_range{*first, end - *first + 1};
}

}  // namespace

range_set parse_range(std::string_view value, std::uint64_t size) noexcept {
  const range_set whole;
  range_set refused;
  refused.verdict_ = range_set::answer::unsatisfiable;
  const auto equals = value.find('=');
  const auto unit = value.substr(0, equals);
  if (equals == std::string_view::npos || !equal_ignoring_case(unit, "bytes")) return whole;
  auto list = value.substr(equals + 1);
  range_set found;
  std::uint64_t total = 0;
  for (std::size_t asked = 0; !list.empty();) {
    const auto element = next_element(list);
    if (element.empty()) continue;  // RFC 9110 section 5.6.1.2
    const auto range = parse_one(element, size);
    if (!range) return refused;
    if (++asked > range_set::most || range->size > size - total || size == 0) return whole;
    if (range->size == 0) continue;
    total += range->size;
    found.ranges_[found.count_++] = *range;
  }
  if (found.count_ == 0) return refused;
  found.verdict_ = range_set::answer::partial;
  return found;
}

}  // namespace samjoko::proto

#include <samjoko/proto/authority.hpp>

#include <samjoko/proto/grammar.hpp>

namespace samjoko::proto {
namespace {

// unreserved and sub-delims of RFC 3986 section 2; "%" is looked at apart.
constexpr character_set name_set = alphanumeric_and("-._~!$&'()*+,;=");
constexpr character_set literal_set = alphanumeric_and("-._~!$&'()*+,;=:");
constexpr auto none = std::string_view::npos;

/// The size of the registered name or IPv4 address at the front of `text`; none if it is broken.
std::size_t name_size(std::string_view text) noexcept {
  std::size_t i = 0;
  for (;;) {
    i += span_of(name_set, text.substr(i));
    if (i == text.size() || text[i] == ':') return i;
    const bool encoded = text[i] == '%' && text.size() - i > 2 && hex_value(text[i + 1]) >= 0 &&
                         hex_value(text[i + 2]) >= 0;
    if (!encoded) return none;
    i += 3;
  }
}

/// The same for "[" address "]". The text between the brackets is left to the code that resolves
/// it.
std::size_t literal_size(std::string_view text) noexcept {
  const auto close = text.find(']');
  if (close == none || close < 2) return none;
  if (span_of(literal_set, text.substr(1, close - 1)) != close - 1) return none;
  return close + 1;
}

bool valid_port(std::string_view port) noexcept {
  if (port.size() > 5) return false;
  unsigned number = 0;
  for (const char c : port) {
    const auto digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  return number <= 65535;
}

}  // namespace

std::optional<authority> parse_authority(std::string_view text) noexcept {
  const bool literal = text.starts_with('[');
  const auto size = literal ? literal_size(text) : name_size(text);
  if (size == none || size == 0) return std::nullopt;
  authority found{text.substr(0, size), {}};
  if (size == text.size()) return found;
  if (text[size] != ':') return std::nullopt;
  found.port = text.substr(size + 1);
  if (!valid_port(found.port)) return std::nullopt;
  return found;
}

}  // namespace samjoko::proto

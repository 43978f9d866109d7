#include <samjoko/os/host_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace samjoko::os {
namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

bool is_letter(char each) noexcept {
  return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
}
bool is_outside_ascii(char each) noexcept { return static_cast<unsigned char>(each) >= 0x80; }
bool may_stand_in_label(char each) noexcept {
  return is_letter(each) || (each >= '0' && each <= '9') || each == '-' || each == '_';
}

std::unexpected<error> bad(std::string_view text, std::string_view why) {
  return failure(condition::bad_argument, "address", fmt::format("'{}' {}", text, why));
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= longest_label && text.front() != '-' &&
         text.back() != '-' && std::ranges::all_of(text, may_stand_in_label);
}

bool are_labels(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);  // "from the root" (RFC 1034 section 3.1)
  for (;;) {
    const auto dot = std::min(name.find('.'), name.size());
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == name.size()) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

bool host_name::is_meant(std::string_view text) noexcept {
  if (text.starts_with("unix:") || text.starts_with("fd:")) return false;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const auto host = text.substr(0, colon);
  if (host.find_first_of(":[]") != std::string_view::npos) return false;
  return std::ranges::any_of(host,
                             [](char each) { return is_letter(each) || is_outside_ascii(each); });
}

result<host_name> host_name::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad(text, "has no port");
  const auto digits = text.substr(colon + 1);
  host_name made{.name = std::string(text.substr(0, colon)), .port = 0};
  const auto* end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, made.port);
  if (digits.empty() || code != std::errc() || stop != end || made.port > 65535)
    return bad(text, "has no port in 0-65535");
  if (std::ranges::any_of(made.name, is_outside_ascii))
    return bad(text, "has letters outside ASCII: write the name as DNS has it (xn--…)");
  if (made.name.size() > longest_name || !are_labels(made.name))
    return bad(text, "is no name of a host: letters, digits and '-' between dots");
  return made;
}

std::string host_name::text() const { return fmt::format("{}:{}", name, port); }

}  // namespace samjoko::os

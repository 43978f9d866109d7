#include <samjoko/os/names.hpp>

#include <array>
#include <charconv>
#include <fstream>
#include <string>

namespace samjoko::os {
namespace {

using fields = std::array<std::string_view, 4>;

/// The first line of which `wanted` says that it is the one.
template <class Wanted>
std::optional<fields> find_line(const char* path, std::string& line, Wanted wanted) {
  std::ifstream file(path);
  while (std::getline(file, line)) {
    fields found;
    std::string_view rest = line;
    for (auto& each : found) {
      const auto colon = rest.find(':');
      each = rest.substr(0, colon);
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
    if (wanted(found)) return found;
  }
  return std::nullopt;
}

std::optional<unsigned> number_in(std::string_view text) {
  unsigned number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || rest != end) return std::nullopt;
  return number;
}

template <class Wanted>
std::optional<account> find_account(Wanted wanted) {
  std::string line;
  const auto found = find_line("/etc/passwd", line, wanted);
  if (!found) return std::nullopt;
  const auto user = number_in((*found)[2]);
  const auto group = number_in((*found)[3]);
  if (!user || !group) return std::nullopt;
  return account{*user, *group};
}

}  // namespace

std::optional<account> account_named(std::string_view name) {
  return find_account([name](const fields& each) { return each[0] == name; });
}

std::optional<account> account_numbered(unsigned user) {
  return find_account([user](const fields& each) { return number_in(each[2]) == user; });
}

std::optional<unsigned> group_named(std::string_view name) {
  std::string line;
  const auto found =
      find_line("/etc/group", line, [name](const fields& each) { return each[0] == name; });
  return found ? number_in((*found)[2]) : std::nullopt;
}

}  // namespace samjoko::os

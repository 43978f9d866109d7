#include <samjoko/os/passwd.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string>

namespace samjoko::os {
namespace {

using fields = std::array<std::string_view, 6>;  // a line of /etc/group has four of them

fields fields_of(std::string_view line) {
  fields found;
  for (auto& each : found) {
    const auto colon = line.find(':');
    each = line.substr(0, colon);
    line = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  }
  return found;
}

/// Comments, and entries for NIS, name no user and no group: glibc's rule
/// (nss/nss_files/files-parse.c). A group that was commented out would otherwise still give its
/// members what it gave before.
bool is_entry(std::string_view line) noexcept {
  return !line.empty() && std::string_view("#+-").find(line.front()) == std::string_view::npos;
}

/// The next line that is an entry, without blanks before it.
bool next_line(std::ifstream& file, std::string& line) {
  while (std::getline(file, line)) {
    line.erase(0, line.find_first_not_of(" \t"));
    if (is_entry(line)) return true;
  }
  return false;
}

bool is_member(std::string_view members, std::string_view user) {
  while (!members.empty()) {
    const auto comma = members.find(',');
    if (members.substr(0, comma) == user) return true;
    if (comma == std::string_view::npos) break;
    members.remove_prefix(comma + 1);
  }
  return false;
}

/// The first line that `wanted` accepts.
template <class Wanted>
std::optional<fields> find_line(const char* path, std::string& line, Wanted wanted) {
  std::ifstream file(path);
  while (next_line(file, line)) {
    const auto found = fields_of(line);
    if (wanted(found)) return found;
  }
  return std::nullopt;
}

template <class Wanted>
std::optional<account> find_account(Wanted wanted) {
  std::string line;
  const auto found = find_line("/etc/passwd", line, wanted);
  if (!found) return std::nullopt;
  const auto user = number_of_id((*found)[2]);
  const auto group = number_of_id((*found)[3]);
  if (!user || !group) return std::nullopt;
  return account{.user = *user,
                 .group = *group,
                 .name = std::string((*found)[0]),
                 .home = std::string((*found)[5])};
}

}  // namespace

std::optional<unsigned> number_of_id(std::string_view text) noexcept {
  constexpr auto left_as_it_is = static_cast<unsigned>(-1);
  unsigned number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || rest != end || number == left_as_it_is) return std::nullopt;
  return number;
}

std::optional<account> account_named(std::string_view name) {
  return find_account([name](const fields& each) { return each[0] == name; });
}

std::optional<account> account_numbered(unsigned user) {
  return find_account([user](const fields& each) { return number_of_id(each[2]) == user; });
}

std::optional<unsigned> group_named(std::string_view name) {
  std::string line;
  const auto found =
      find_line("/etc/group", line, [name](const fields& each) { return each[0] == name; });
  return found ? number_of_id((*found)[2]) : std::nullopt;
}

std::vector<unsigned> groups_of_member(std::string_view user) {
  std::vector<unsigned> groups;
  std::ifstream file("/etc/group");
  for (std::string line; next_line(file, line);) {
    const auto found = fields_of(line);
    const auto number = number_of_id(found[2]);
    if (number && is_member(found[3], user) && std::ranges::find(groups, *number) == groups.end())
      groups.push_back(*number);
  }
  return groups;
}

}  // namespace samjoko::os

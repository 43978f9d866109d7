#include <samjoko/os/memory_map.hpp>

#include <charconv>
#include <optional>
#include <samjoko/os/file.hpp>
#include <system_error>

namespace samjoko::os {
namespace {

/// Takes fields off the front of a line.
class fields {
 public:
  explicit fields(std::string_view line) noexcept : rest_(line) {}

  /// Up to `end`, which is taken off too.
  std::string_view until(char end) noexcept {
    const auto at = rest_.find(end);
    const auto field = rest_.substr(0, at);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
    return field;
  }
  std::string_view rest() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_;
  }

 private:
  std::string_view rest_;
};

std::optional<std::uint64_t> number(std::string_view text, int base) noexcept {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// 7f0a1c000000-7f0a1c028000 r-xp 00001000 08:01 1234   /usr/lib/libc.so.6 (deleted)
std::optional<mapping> parse_line(std::string_view line) noexcept {
  fields in(line);
  const auto start = number(in.until('-'), 16);
  const auto end = number(in.until(' '), 16);
  const auto rights = in.until(' ');
  const auto offset = number(in.until(' '), 16);
  in.until(' ');  // the device: on some file systems not the one that stat tells
  const auto inode = number(in.until(' '), 10);
  if (!start || !end || !offset || !inode || *end <= *start || rights.size() != 4) {
    return std::nullopt;
  }
  mapping found{.start = *start,
                .end = *end,
                .offset = *offset,
                .inode = *inode,
                .executable = rights[2] == 'x',
                .path = in.rest()};
  constexpr std::string_view mark = " (deleted)";
  if (found.path.ends_with(mark)) {
    found.path.remove_suffix(mark.size());
    found.deleted = true;
  }
  return found;
}

bool continues(const mapped_module& module, const mapping& next) noexcept {
  const auto& first = module.first();
  // A file mapped from its beginning again is another copy of it.
  return first.path == next.path && first.inode == next.inode && next.offset >= first.offset &&
         (next.offset != 0 || next.start == module.end) && next.start >= module.end;
}

}  // namespace

std::vector<mapping> parse_maps(std::string_view text, std::size_t most) {
  std::vector<mapping> found;
  fields lines(text);
  while (!lines.rest().empty() && found.size() < most) {
    if (const auto line = parse_line(lines.until('\n'))) found.push_back(*line);
  }
  return found;
}

std::vector<mapped_module> modules_of(const std::vector<mapping>& mappings) {
  std::vector<mapped_module> modules;
  for (const auto& each : mappings) {
    if (each.path.empty()) continue;
    if (modules.empty() || !continues(modules.back(), each)) {
      const auto base = each.offset <= each.start ? each.start - each.offset : each.start;
      modules.push_back({.start = each.start, .end = each.start, .base = base, .parts = {}});
    }
    modules.back().end = each.end;
    modules.back().parts.push_back(each);
  }
  return modules;
}

std::string own_maps() {
  constexpr std::size_t most = std::size_t{16} * 1024 * 1024;
  const auto text = read_whole_file("/proc/self/maps", most).value_or(std::string());
  std::string kept;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    if (maps_code(line)) kept.append(line).push_back('\n');
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return kept;
}

}  // namespace samjoko::os

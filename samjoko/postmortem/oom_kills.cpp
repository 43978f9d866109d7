#include <samjoko/postmortem/oom_kills.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <samjoko/os/file.hpp>

namespace samjoko::postmortem {
namespace {

std::optional<std::string> read_whole(const std::string& path) {
  constexpr std::size_t most = std::size_t{1024} * 1024;
  auto text = os::read_whole_file(path, most);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view next_word(std::string_view& line, char separator = ' ') {
  const auto end = std::min(line.find(separator), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool has_item(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (next_word(list, ',') == item) return true;
  }
  return false;
}

/// A line of /proc/PID/cgroup: "4:memory:/path", or "0::/path" for version 2.
struct membership {
  std::string_view path;
  bool second_version = false;
};
std::optional<membership> memory_membership(std::string_view cgroups) {
  std::optional<membership> found;
  while (!cgroups.empty()) {
    auto line = next_line(cgroups);
    const auto number = next_word(line, ':');
    const auto controllers = next_word(line, ':');
    if (has_item(controllers, "memory")) return membership{line, false};
    if (number == "0" && controllers.empty()) found = membership{line, true};
  }
  return found;
}

/// Where the hierarchy is mounted, and which of its folders is visible there.
struct mount_place {
  std::string_view root;
  std::string_view point;
};
std::optional<mount_place> mount_of(std::string_view mounts, bool second_version) {
  while (!mounts.empty()) {
    auto line = next_line(mounts);
    for (int skipped = 0; skipped < 3; ++skipped) next_word(line);
    const auto root = next_word(line);
    const auto point = next_word(line);
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    auto behind = line.substr(dash + 3);
    const auto kind = next_word(behind);
    next_word(behind);  // the source
    const bool fits =
        second_version ? kind == "cgroup2" : kind == "cgroup" && has_item(behind, "memory");
    if (fits) return mount_place{root, point};
  }
  return std::nullopt;
}

}  // namespace

std::string oom_counter_file(std::string_view cgroups, std::string_view mounts) {
  const auto member = memory_membership(cgroups);
  if (!member) return {};
  const auto place = mount_of(mounts, member->second_version);
  if (!place) return {};
  auto path = member->path;
  if (place->root != "/") {  // a container sees only a part of the hierarchy
    if (!path.starts_with(place->root)) return {};
    path.remove_prefix(place->root.size());
  }
  if (path == "/") path = {};
  return fmt::format("{}{}/{}", place->point, path,
                     member->second_version ? "memory.events.local" : "memory.oom_control");
}

std::optional<std::uint64_t> oom_kills_in(std::string_view text) noexcept {
  while (!text.empty()) {
    auto line = next_line(text);
    if (next_word(line) != "oom_kill") continue;
    std::uint64_t count = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), count);
    if (read.ec == std::errc() && read.ptr == line.data() + line.size()) return count;
  }
  return std::nullopt;
}

std::string oom_counter_file(pid_t process) {
  const auto cgroups = read_whole(fmt::format("/proc/{}/cgroup", process));
  const auto mounts = read_whole("/proc/self/mountinfo");
  return cgroups && mounts ? oom_counter_file(*cgroups, *mounts) : std::string();
}

std::optional<std::uint64_t> read_oom_kills(const std::string& file) {
  const auto text = file.empty() ? std::nullopt : read_whole(file);
  return text ? oom_kills_in(*text) : std::nullopt;
}

}  // namespace samjoko::postmortem

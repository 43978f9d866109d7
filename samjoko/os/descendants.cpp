#include <samjoko/os/descendants.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/process_facts.hpp>
#include <string>

namespace samjoko::os {
namespace {

constexpr std::size_t most = 4096;
constexpr std::size_t longest_list = std::size_t{64} * 1024;

void add_numbers(std::string_view text, std::vector<pid_t>& into) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (pid_t pid = 0; at != end && into.size() < most;) {
    const auto [next, wrong] = std::from_chars(at, end, pid);
    if (wrong == std::errc() && pid > 0) into.push_back(pid);
    at = next == at ? at + 1 : next;
  }
}

/// A child belongs to the thread that forked it.
void add_children(pid_t parent, std::vector<pid_t>& into) {
  std::error_code gone;
  const auto tasks = "/proc/" + std::to_string(parent) + "/task";
  for (std::filesystem::directory_iterator each(tasks, gone), end; !gone && each != end;
       each.increment(gone)) {
    const auto text = read_whole_file((each->path() / "children").c_str(), longest_list);
    if (text) add_numbers(*text, into);
  }
}

struct held_process {
  pid_t pid;
  descriptor handle;
};

/// Holds a process whose parent is one of the family: its number was not given to another.
std::optional<held_process> hold(pid_t pid, std::span<const pid_t> family) {
  auto handle = open_pidfd(pid);
  const auto facts = facts_of_process(pid);
  if (!handle || !facts || std::ranges::find(family, facts->parent) == family.end())
    return std::nullopt;
  return held_process{pid, std::move(*handle)};
}

}  // namespace

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::vector<pid_t> found;
  add_children(ancestor, found);
  for (std::size_t next = 0; next < found.size(); ++next) add_children(found[next], found);
  return found;
}

std::vector<pid_t> signal_descendants(pid_t ancestor, std::span<const int> signals,
                                      pid_t spared_group) {
  auto family = descendants_of(ancestor);
  family.insert(family.begin(), ancestor);
  // All are held before the first is signalled: a process that ends at once would leave its
  // children to another parent, and they would be missed.
  std::vector<held_process> held;
  for (const pid_t each : std::span(family).subspan(1)) {
    if (spared_group != 0 && ::getpgid(each) == spared_group) continue;
    if (auto one = hold(each, family)) held.push_back(std::move(*one));
  }
  std::vector<pid_t> told;
  for (const auto& each : held) {
    for (const int signal : signals) static_cast<void>(send_signal(each.handle, signal));
    told.push_back(each.pid);
  }
  return told;
}

}  // namespace samjoko::os

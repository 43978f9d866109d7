#include <samjoko/os/handed_descriptors.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace samjoko::os {
namespace {

constexpr int first_handed = 3;  // SD_LISTEN_FDS_START
constexpr int most_handed = 4096;

std::optional<int> number_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  int number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || code != std::errc() || end != digits.data() + digits.size()) return {};
  return number;
}

std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> all;
  while (true) {
    const auto colon = std::min(names.find(':'), names.size());
    all.emplace_back(names.substr(0, colon));
    if (colon == names.size()) return all;
    names.remove_prefix(colon + 1);
  }
}

std::string names_of(const handed_descriptors& among) {
  std::string names;
  for (const auto& each : among.all)
    names += fmt::format("{}{} (fd:{})", names.empty() ? "" : ", ", each.name, each.number);
  return names;
}

}  // namespace

handed_descriptors read_handed(const char* listen_pid, const char* listen_fds, const char* names,
                               pid_t self) {
  handed_descriptors found;
  if (listen_fds == nullptr) return found;
  const auto whose = number_in(listen_pid);
  const auto count = number_in(listen_fds);
  if (!whose || !count || *count < 0 || *count > most_handed) {
    found.refused = "LISTEN_PID and LISTEN_FDS are not the numbers that they should be";
    return found;
  }
  if (*whose != self) {
    found.refused =
        fmt::format("LISTEN_PID names process {}, and this is process {}", *whose, self);
    return found;
  }
  const auto called = names == nullptr ? std::vector<std::string>() : split(names);
  for (int n = 0; n < *count; ++n) {
    const auto at = static_cast<std::size_t>(n);
    found.all.push_back({first_handed + n, at < called.size() ? called[at] : "unknown"});
  }
  return found;
}

const handed_descriptors& handed_to_this_process() {
  static const auto kept = [] {
    auto found = read_handed(::getenv("LISTEN_PID"), ::getenv("LISTEN_FDS"),
                             ::getenv("LISTEN_FDNAMES"), ::getpid());
    for (const auto& each : found.all) {
      const int flags = ::fcntl(each.number, F_GETFD);
      if (flags >= 0) ::fcntl(each.number, F_SETFD, flags | FD_CLOEXEC);
    }
    return found;
  }();
  return kept;
}

int number_of_handed(std::string_view name, const handed_descriptors& among) {
  const auto found = std::ranges::find(among.all, name, &handed_descriptor::name);
  if (found == among.all.end()) return -1;
  return std::ranges::count(among.all, name, &handed_descriptor::name) == 1 ? found->number : -1;
}

std::string why_not_handed(std::string_view name, const handed_descriptors& among) {
  if (!among.refused.empty()) return among.refused;
  if (among.all.empty())
    return fmt::format("no descriptor '{}' was handed over: LISTEN_FDS is not set", name);
  if (std::ranges::count(among.all, name, &handed_descriptor::name) > 1)
    return fmt::format("several descriptors are called '{}', say which by number: {}", name,
                       names_of(among));
  return fmt::format("no descriptor '{}' was handed over, there are: {}", name, names_of(among));
}

std::string unused_of(const handed_descriptors& among, std::span<const int> used) {
  handed_descriptors left{.all = among.all, .refused = {}};
  std::erase_if(left.all, [used](const handed_descriptor& each) {
    return std::ranges::find(used, each.number) != used.end();
  });
  return names_of(left);
}

void keep_handed_from_children() {
  (void)handed_to_this_process();
  for (const auto* each : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(each);
}

}  // namespace samjoko::os

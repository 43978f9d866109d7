#include <samjoko/os/process_facts.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

std::optional<process_facts> process_facts_in(std::string_view stat) noexcept {
  const auto end_of_name = stat.rfind(") ");
  if (end_of_name == std::string_view::npos || end_of_name + 4 >= stat.size()) return std::nullopt;
  const auto rest = stat.substr(end_of_name + 2);
  process_facts found{.state = rest[0]};
  const auto* const number = rest.data() + 2;
  if (std::from_chars(number, rest.data() + rest.size(), found.parent).ec != std::errc())
    return std::nullopt;
  return found;
}

std::optional<process_facts> facts_of_process(pid_t process) {
  const auto path = fmt::format("/proc/{}/stat", process);
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 1024> text;
  const auto got = ::read(file.get(), text.data(), text.size());
  if (got <= 0) return std::nullopt;
  return process_facts_in({text.data(), static_cast<std::size_t>(got)});
}

}  // namespace samjoko::os

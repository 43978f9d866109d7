#include <samjoko/os/process_facts.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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

runs_what program_of_process(pid_t process) {
  struct stat own = {};
  struct stat theirs = {};
  if (::stat(fmt::format("/proc/{}/exe", process).c_str(), &theirs) != 0)
    return errno == ENOENT || errno == ESRCH ? runs_what::nothing : runs_what::another;
  const bool same = ::stat("/proc/self/exe", &own) == 0 && own.st_dev == theirs.st_dev &&
                    own.st_ino == theirs.st_ino;
  return same ? runs_what::this_program : runs_what::another;
}

std::string variable_of_process(pid_t process, std::string_view name) {
  const descriptor file(
      ::open(fmt::format("/proc/{}/environ", process).c_str(), O_RDONLY | O_CLOEXEC));
  std::string all(1, '\0');
  std::array<char, 4096> some;
  for (ssize_t got = 1; file && got > 0;) {
    got = ::read(file.get(), some.data(), some.size());
    if (got > 0) all.append(some.data(), static_cast<std::size_t>(got));
  }
  const auto wanted = std::string(1, '\0').append(name).append("=");
  const auto at = all.find(wanted);
  if (at == std::string::npos) return {};
  const auto begin = at + wanted.size();
  return all.substr(begin, all.find('\0', begin) - begin);
}

}  // namespace samjoko::os

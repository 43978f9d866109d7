#include <samjoko/os/process_title.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <string>

#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {
namespace {

constexpr std::size_t name_room = 16;                                  // with its NUL byte
constexpr std::size_t start_of_arguments = 48, end_of_arguments = 49;  // man 5 proc, /proc/PID/stat

/// Kept for as long as this program runs: argv's memory, and the name with which error messages of
/// the C library begin, which lay in it.
struct arguments {
  std::span<char> room;
  std::array<char, 32> program{};
};
constinit arguments given;

/// The fields are counted behind the name, which may hold spaces and brackets.
std::uintptr_t field_of_stat(std::string_view text, std::size_t wanted) {
  text.remove_prefix(std::min(text.rfind(')'), text.size() - 1) + 1);
  for (std::size_t field = 3; field < wanted && !text.empty(); ++field)
    text.remove_prefix(std::min(text.find(' ', 1), text.size()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uintptr_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void give_arguments_away(std::string_view program) noexcept {
  std::array<char, 2048> room;
  const descriptor file(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  const auto got = ::read(file.get(), room.data(), room.size());
  if (got <= 0) return;
  const std::string_view text(room.data(), static_cast<std::size_t>(got));
  const auto begin = field_of_stat(text, start_of_arguments);
  const auto end = field_of_stat(text, end_of_arguments);
  if (begin == 0 || end <= begin) return;
  // Where another program runs this one within its process (valgrind, qemu), they are the other's.
  const auto own = reinterpret_cast<std::uintptr_t>(program_invocation_name);
  if (own < begin || own >= end) return;
  const auto size = std::min(program.size(), given.program.size() - 1);
  std::memcpy(given.program.data(), program.data(), size);
  program_invocation_name = program_invocation_short_name = given.program.data();
  // the kernel gives an address
  given.room = {reinterpret_cast<char*>(begin), end - begin};
}

// The last byte stays NUL: otherwise the kernel shows the environment behind it too (man 5 proc,
// /proc/PID/cmdline).
void set_title(std::string_view title, std::string_view name) noexcept {
  if (given.room.empty()) return;
  auto put = [at = std::size_t{0}](std::string_view text) mutable {
    const auto fits = std::min(text.size(), given.room.size() - 1 - at);
    std::memcpy(given.room.data() + at, text.data(), fits);
    at += fits;
    return at;
  };
  put(given.program.data());
  put(": ");
  const auto end = put(title);
  std::ranges::fill(given.room.subspan(end), '\0');
  if (name.empty()) return;
  std::array<char, name_room> shortened{};
  std::memcpy(shortened.data(), name.data(), std::min(name.size(), shortened.size() - 1));
  ::prctl(PR_SET_NAME, shortened.data());
}

}  // namespace samjoko::os

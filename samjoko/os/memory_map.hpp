#pragma once
// Charter: the lines of /proc/PID/maps that say where files are mapped (man 5 proc_pid_maps), as
// text and parsed. Pure, except own_maps().

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::os {

/// Whether a line says where code may come from: a file, or the code that the kernel lends. A
/// process with thousands of threads has thousands of other lines. Async-signal-safe.
[[nodiscard]] constexpr bool maps_code(std::string_view line) noexcept {
  return line.find('/') != std::string_view::npos || line.ends_with("[vdso]");
}

struct mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t inode = 0;
  bool executable = false;
  std::string_view path;  ///< views the text; without the kernel's " (deleted)"
  bool deleted = false;   ///< the path leads to another file by now, or to none
};

/// Neighbouring mappings of one file.
struct mapped_module {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t base = 0;  ///< where the file's first byte is, or would be
  std::vector<mapping> parts;

  [[nodiscard]] const mapping& first() const noexcept { return parts.front(); }
  [[nodiscard]] bool contains(std::uint64_t address) const noexcept {
    return address >= start && address < end;
  }
};

/// Lines that do not have the kernel's form are left out. Returns at most `most` mappings, which
/// view `text`.
[[nodiscard]] std::vector<mapping> parse_maps(std::string_view text, std::size_t most = 4096);
[[nodiscard]] std::vector<mapped_module> modules_of(const std::vector<mapping>& mappings);

/// The lines of this process's own /proc/self/maps for which maps_code() holds; empty where /proc
/// is not mounted.
[[nodiscard]] std::string own_maps();

}  // namespace samjoko::os

#pragma once
// Charter: files: what they are, and reading them by position or whole.

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <ctime>
#include <samjoko/base/bytes.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>
#include <vector>

namespace samjoko::os {

enum class file_kind : std::uint8_t { regular, directory, other };

/// What stat(2) says. Equal facts about one name at two times: the same file, unchanged, since
/// every change of content, size, owner or permission moves the time of change (man 7 inode,
/// ctime).
struct file_facts {
  file_kind kind = file_kind::other;
  std::uint64_t size = 0;    ///< bytes
  std::time_t modified = 0;  ///< seconds of the epoch
  std::int64_t modified_nanoseconds = 0;
  std::int64_t changed = 0;  ///< nanoseconds of the epoch
  dev_t device = 0;
  ino_t number = 0;

  friend bool operator==(const file_facts&, const file_facts&) noexcept = default;
};

[[nodiscard]] result<file_facts> facts_of(int file);
/// `path` as seen from `directory`; links are followed.
[[nodiscard]] result<file_facts> facts_at(int directory, const char* path);

/// Fills `into` from `offset` on; fewer bytes only where the file ends (man 2 pread).
[[nodiscard]] result<std::size_t> read_at(int file, mutable_bytes into, std::uint64_t offset);
/// The same, but `enough` bytes or more will do: no call is made for the rest.
[[nodiscard]] result<std::size_t> read_at(int file, mutable_bytes into, std::uint64_t offset,
                                          std::size_t enough);

/// The whole content of a regular file of at most `most` bytes. Never waits, for instance for the
/// writer of a FIFO. Errors: those of open(2) and read(2), EISDIR among them; condition::too_long;
/// condition::bad_argument for a path that is not a file.
[[nodiscard]] result<std::string> read_whole_file(const std::string& path, std::size_t most);
/// The same for an open file; `path` is for the errors.
[[nodiscard]] result<std::string> read_whole_file(int number, const std::string& path,
                                                  std::size_t most);

/// Reads an open descriptor up to its end, waiting for it. Errors: those of read(2);
/// condition::too_long.
[[nodiscard]] result<std::string> read_to_end(int from, std::size_t most);

/// A directory to look up names from; links on the way are followed.
[[nodiscard]] result<descriptor> open_directory(const std::string& path);
/// Not canonical: links stay; the path is only made independent of the working directory.
[[nodiscard]] result<std::string> absolute_path(const std::string& path);

}  // namespace samjoko::os

#include <samjoko/os/file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <samjoko/os/stat_facts.hpp>
#include <span>
#include <string_view>

namespace samjoko::os {
namespace {

file_kind kind_of(mode_t mode) noexcept {
  if (S_ISREG(mode)) return file_kind::regular;
  return S_ISDIR(mode) ? file_kind::directory : file_kind::other;
}

}  // namespace

file_facts to_facts(const struct stat& from) noexcept {
  return {.kind = kind_of(from.st_mode),
          .size = static_cast<std::uint64_t>(from.st_size),
          .modified = from.st_mtim.tv_sec,
          .modified_nanoseconds = from.st_mtim.tv_nsec,
          .changed = from.st_ctim.tv_sec * 1'000'000'000 + from.st_ctim.tv_nsec,
          .device = from.st_dev,
          .number = from.st_ino};
}

result<file_facts> facts_of(int file) {
  struct stat found{};
  if (::fstat(file, &found) != 0) return failure(errno, "fstat");
  return to_facts(found);
}

result<file_facts> facts_at(int directory, const char* path) {
  struct stat found{};
  if (::fstatat(directory, path, &found, 0) != 0) return failure(errno, "fstatat", path);
  return to_facts(found);
}

result<std::size_t> read_at(int file, mutable_bytes into, std::uint64_t offset) {
  return read_at(file, into, offset, into.size());
}

result<std::size_t> read_at(int file, mutable_bytes into, std::uint64_t offset,
                            std::size_t enough) {
  std::size_t count = 0;
  while (count < enough) {
    const auto got =
        ::pread(file, into.data() + count, into.size() - count, static_cast<off_t>(offset + count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(errno, "pread");
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

result<std::string> read_whole_file(const std::string& path, std::size_t most) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return failure(errno, "open", path);
  return read_whole_file(file.get(), path, most);
}

result<std::string> read_whole_file(int number, const std::string& path, std::size_t most) {
  const auto facts = facts_of(number);
  if (!facts) return std::unexpected(facts.error());
  if (facts->kind == file_kind::directory) return failure(EISDIR, "read", path);
  if (facts->kind != file_kind::regular)
    return failure(condition::bad_argument, "read", path + " is not a regular file");
  // One byte more than allowed: the size may be wrong, as in /proc, or change meanwhile.
  std::string text(std::min<std::uint64_t>(std::max<std::uint64_t>(facts->size, 4096), most) + 1,
                   '\0');
  std::size_t count = 0;
  for (;;) {
    const auto got = read_at(number, std::as_writable_bytes(std::span(text).subspan(count)), count);
    if (!got) return failure(got.error().code(), "read", path);
    count += *got;
    if (count < text.size()) break;
    if (count > most) return failure(condition::too_long, "read", path);
    text.resize(std::min(2 * text.size(), most + 1));
  }
  text.resize(count);
  return text;
}

result<std::string> read_to_end(int from, std::size_t most) {
  std::string text;
  std::array<char, 16 * 1024> room{};
  for (;;) {
    const auto got = ::read(from, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(errno, "read");
    if (got == 0) return text;
    text.append(room.data(), static_cast<std::size_t>(got));
    if (text.size() > most) return failure(condition::too_long, "read");
  }
}

result<descriptor> open_directory(const std::string& path) {
  descriptor opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return failure(errno, "open directory", path);
  return opened;
}

result<std::string> absolute_path(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> room{};
  if (::getcwd(room.data(), room.size()) == nullptr) return failure(errno, "getcwd");
  return std::string(room.data()) + "/" + path;
}

}  // namespace samjoko::os

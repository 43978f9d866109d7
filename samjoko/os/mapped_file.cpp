#include <samjoko/os/mapped_file.hpp>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

namespace samjoko::os {
namespace {

/// O_NONBLOCK: the path may lead to a pipe by now.
constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

bool is_the_one(const descriptor& file, const mapping& part) noexcept {
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
  if (found.st_ino == part.inode) return true;
  // On an overlay stat may show one number and maps another (kernel documentation, overlayfs,
  // "Inode properties").
  struct statfs system = {};
  return !part.deleted && ::fstatfs(file.get(), &system) == 0 &&
         system.f_type == OVERLAYFS_SUPER_MAGIC;
}

}  // namespace

result<descriptor> open_mapped_file(const mapping& part) {
  const std::string path(part.path);
  if (!path.starts_with('/')) return failure(ENOENT, "open", path);
  descriptor file(::open(path.c_str(), open_flags));
  const int code = errno;
  if (file && is_the_one(file, part)) return file;
  descriptor own(::open("/proc/self/exe", open_flags));
  if (own && is_the_one(own, part)) return own;
  return failure(file ? ESTALE : code, "open", path);
}

int open_debug_file(std::span<const unsigned char> build_id) {
  if (build_id.size() < 2 || build_id.size() > 64) return -1;
  fmt::memory_buffer path;
  fmt::format_to(fmt::appender(path), "/usr/lib/debug/.build-id/{:02x}/", build_id.front());
  for (const auto byte : build_id.subspan(1)) fmt::format_to(fmt::appender(path), "{:02x}", byte);
  fmt::format_to(fmt::appender(path), ".debug");
  path.push_back('\0');
  return ::open(path.data(), open_flags);
}

}  // namespace samjoko::os

#include <samjoko/os/open_beneath.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>

namespace samjoko::os {
namespace {

constexpr int reading = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

constinit std::atomic<bool> openat2_is_missing = false;

int open_resolved(int directory, const char* path, std::uint64_t resolve) noexcept {
  open_how how{};
  how.flags = reading;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const auto got = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    // EAGAIN: a folder above was renamed, and the kernel cannot say whether we left.
    if (got >= 0 || (errno != EINTR && errno != EAGAIN) || tries == 16)
      return static_cast<int>(got);
  }
}

/// The path of an open file, without links; empty when it is not known.
std::string path_of(int file) {
  const auto link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, PATH_MAX> room{};
  const auto size = ::readlink(link.c_str(), room.data(), room.size());
  if (size <= 0 || static_cast<std::size_t>(size) == room.size()) return {};
  return {room.data(), static_cast<std::size_t>(size)};
}

/// Where `path` leads, as a path from `directory` without links; empty, with errno, when it leads
/// outside.
std::string resolved_beneath(int directory, const char* path) {
  const descriptor found(::openat(directory, path, O_PATH | O_CLOEXEC));
  if (!found) return {};
  auto root = path_of(directory);
  const auto target = path_of(found.get());
  errno = EXDEV;
  if (root.empty() || target.empty()) return {};
  if (target == root) return ".";
  if (!root.ends_with('/')) root += '/';
  if (!target.starts_with(root)) return {};
  return target.substr(root.size());
}

int open_name(int directory, const std::string& name, int flags) noexcept {
  return ::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
}

/// Walks name by name, never through a link.
descriptor walk(int directory, std::string_view path) {
  descriptor at;
  int from = directory;
  for (;;) {
    const auto slash = path.find('/');
    const std::string name(path.substr(0, slash));
    if (slash == std::string_view::npos) return descriptor(open_name(from, name, reading));
    descriptor below(open_name(from, name, O_PATH | O_DIRECTORY));
    if (!below) return below;
    at = std::move(below);
    from = at.get();
    path.remove_prefix(slash + 1);
  }
}

result<descriptor> opened(descriptor file) {
  if (!file) return failure(errno, "open");
  return file;
}

}  // namespace

/// The path is resolved by the kernel's own rules first; then opened without any link, so that a
/// link which was put in between cannot lead out.
result<descriptor> open_beneath_by_steps(int directory, const char* path) {
  const auto real = resolved_beneath(directory, path);
  if (real.empty()) return failure(errno, "open");
  return opened(walk(directory, real));
}

result<descriptor> open_beneath(int directory, const char* path) {
  if (openat2_is_missing.load(std::memory_order_relaxed))
    return open_beneath_by_steps(directory, path);
  descriptor file(open_resolved(directory, path, RESOLVE_BENEATH));
  if (file) return file;
  if (errno == ENOSYS || errno == EPERM) {  // an old kernel, or an old sandbox around us
    openat2_is_missing.store(true, std::memory_order_relaxed);
    return open_beneath_by_steps(directory, path);
  }
  if (errno != EXDEV) return failure(errno, "open");
  // The path left the directory on the way, or an absolute link may well lead back into it.
  return open_beneath_by_steps(directory, path);
}

}  // namespace samjoko::os

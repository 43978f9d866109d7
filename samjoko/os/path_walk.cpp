#include <samjoko/os/path_walk.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <fstream>

#include <samjoko/os/file.hpp>

namespace samjoko::os {
namespace {

constexpr int most_links = 40;  // as the kernel (man 7 path_resolution)
constexpr int holding = O_PATH | O_NOFOLLOW | O_CLOEXEC;
constexpr uid_t overflow_user = 65534;

/// In a user namespace, files of users who have no number there, for instance the outer root, show
/// this number (man 7 user_namespaces). No user inside the namespace can be one of them.
bool means_somebody(uid_t user) {
  if (user != overflow_user) return true;
  std::ifstream map("/proc/self/uid_map");
  unsigned long long inside = 0;
  unsigned long long outside = 0;
  unsigned long long count = 0;
  bool known = false;
  while (map >> inside >> outside >> count) {
    known = true;
    if (user >= inside && user - inside < count) return true;
  }
  return !known;
}

bool is_trusted_group(gid_t group) { return group == 0 || group == ::getegid(); }

bool is_shared_folder(const struct stat& folder) {
  if ((folder.st_mode & S_IWOTH) != 0) return true;
  return (folder.st_mode & S_IWGRP) != 0 && !is_trusted_group(folder.st_gid);
}

error not_safe(std::string_view folder, std::string_view why) {
  return {EPERM, "path", fmt::format("other users may change the folder {}: {}", folder, why)};
}

void put_in_front(std::deque<std::string>& names, std::string_view path) {
  std::size_t place = 0;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    if (!name.empty() && name != ".")
      names.insert(names.begin() + static_cast<std::ptrdiff_t>(place++), std::string(name));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_trusted(uid_t user) { return user == 0 || user == ::geteuid() || !means_somebody(user); }

std::optional<std::string> why_not_safe(const struct stat& about, path_rule kept) {
  const bool strict = kept == path_rule::this_user_alone;
  if (strict && !is_trusted(about.st_uid))
    return fmt::format("it belongs to user {}", about.st_uid);
  if (S_ISDIR(about.st_mode) && (about.st_mode & S_ISVTX) != 0) return std::nullopt;
  if ((about.st_mode & S_IWOTH) != 0)
    return fmt::format("it is writable by everybody (mode {:04o})", about.st_mode & 07777);
  if (strict && (about.st_mode & S_IWGRP) != 0 && !is_trusted_group(about.st_gid))
    return fmt::format("it is writable by group {} (mode {:04o})", about.st_gid,
                       about.st_mode & 07777);
  return std::nullopt;
}

bool is_roots_and_read_only(int file, const struct stat& about) noexcept {
  struct statvfs system{};
  return about.st_uid == 0 && ::fstatvfs(file, &system) == 0 && (system.f_flag & ST_RDONLY) != 0;
}

bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

result<parted_path> take_apart(const std::string& path) {
  auto whole = absolute_path(path);
  if (!whole) return failure_of(whole);
  const auto slash = whole->rfind('/');
  auto name = whole->substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return failure(EISDIR, "open", path);
  return parted_path{whole->substr(0, slash), std::move(name)};
}

result<void> path_walk::to(std::string_view folders) {
  put_in_front(left_, folders);
  if (auto begun = go_to_root(); !begun) return begun;
  return go_on();
}

result<void> path_walk::go_on() {
  while (!left_.empty()) {
    const auto name = std::move(left_.front());
    left_.pop_front();
    if (auto done = step(name); !done) return done;
  }
  return {};
}

result<descriptor> path_walk::find(std::string& name) {
  while (true) {
    descriptor found(::openat(at_.get(), name.c_str(), holding));
    struct stat about{};
    if (!found || ::fstat(found.get(), &about) != 0) return failure(errno, "open", path_);
    if (shared_ && !is_trusted(about.st_uid))
      return failure(EPERM, "open",
                     fmt::format("it belongs to user {}, in a folder where everybody may put files",
                                 about.st_uid));
    if (!S_ISLNK(about.st_mode)) return found;
    if (auto followed = follow(found); !followed) return failure_of(followed);
    if (left_.empty() || left_.back() == "..") return failure(EISDIR, "open", path_);
    name = std::move(left_.back());
    left_.pop_back();
    if (auto walked = go_on(); !walked) return failure_of(walked);
  }
}

result<void> path_walk::go_to_root() {
  where_.clear();
  return enter(descriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), "/");
}

result<void> path_walk::step(const std::string& name) {
  descriptor next(::openat(at_.get(), name.c_str(), holding));
  const auto here = name == ".." ? where_ + "/.." : fmt::format("{}/{}", where_, name);
  if (!next) return failure(errno, "open", fmt::format("{}, folder {}", path_, here));
  struct stat about{};
  if (::fstat(next.get(), &about) != 0) return failure(errno, "fstat", path_);
  if (shared_ && name != ".." && !is_trusted(about.st_uid))
    return std::unexpected(not_safe(here, fmt::format("it belongs to user {}", about.st_uid)));
  if (S_ISLNK(about.st_mode)) return follow(next);
  if (!S_ISDIR(about.st_mode))
    return failure(ENOTDIR, "open", fmt::format("{}, folder {}", path_, here));
  where_ = here;
  return enter(std::move(next), where_);
}

result<void> path_walk::follow(const descriptor& link) {
  if (++links_ > most_links) return failure(ELOOP, "open", path_);
  std::array<char, PATH_MAX> target;
  const auto size = ::readlinkat(link.get(), "", target.data(), target.size());
  if (size <= 0) return failure(size < 0 ? errno : ENOENT, "readlink", path_);
  const std::string_view to(target.data(), static_cast<std::size_t>(size));
  put_in_front(left_, to);
  return to.starts_with('/') ? go_to_root() : result<void>();
}

result<void> path_walk::enter(descriptor folder, std::string_view name) {
  struct stat about{};
  if (!folder || ::fstat(folder.get(), &about) != 0) return failure(errno, "open", path_);
  const auto why = why_not_safe(about, kept_);
  const bool root_alone = only_read_ && is_roots_and_read_only(folder.get(), about);
  if (why && !root_alone) return std::unexpected(not_safe(name, *why));
  shared_ = !root_alone && is_shared_folder(about);
  at_ = std::move(folder);
  return {};
}

}  // namespace samjoko::os

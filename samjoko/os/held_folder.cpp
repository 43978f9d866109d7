#include <samjoko/os/held_folder.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <fstream>
#include <optional>
#include <string_view>

#include <samjoko/os/file.hpp>

namespace samjoko::os {
namespace {

constexpr int most_links = 40;  // as the kernel (man 7 path_resolution)
constexpr int holding = O_PATH | O_NOFOLLOW | O_CLOEXEC;
constexpr uid_t overflow_user = 65534;

/// In a user namespace what belongs to users who have no number there, as the outer root may, shows
/// this one (man 7 user_namespaces). Nobody inside can be them.
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

bool is_trusted(uid_t user) { return user == 0 || user == ::geteuid() || !means_somebody(user); }
bool is_trusted_group(gid_t group) { return group == 0 || group == ::getegid(); }

/// Why other users may change what stands in this folder; nothing: they may not.
std::optional<std::string> why_not_safe(const struct stat& folder) {
  if (!is_trusted(folder.st_uid)) return fmt::format("it belongs to user {}", folder.st_uid);
  if ((folder.st_mode & S_ISVTX) != 0) return std::nullopt;
  if ((folder.st_mode & S_IWOTH) != 0)
    return fmt::format("it is writable by everybody (mode {:04o})", folder.st_mode & 07777);
  if ((folder.st_mode & S_IWGRP) != 0 && !is_trusted_group(folder.st_gid))
    return fmt::format("it is writable by group {} (mode {:04o})", folder.st_gid,
                       folder.st_mode & 07777);
  return std::nullopt;
}

bool is_shared_folder(const struct stat& folder) {
  if ((folder.st_mode & S_IWOTH) != 0) return true;
  return (folder.st_mode & S_IWGRP) != 0 && !is_trusted_group(folder.st_gid);
}

error not_safe(const std::string& path, std::string_view folder, std::string_view why) {
  return {EPERM, "path",
          fmt::format("{}: other users may change the folder {}: {}", path, folder, why)};
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

/// Goes down a path, holding the folder where it is.
class walk {
 public:
  explicit walk(const std::string& path) : path_(path) {}

  result<void> to(std::string_view folders) {
    put_in_front(left_, folders);
    if (auto begun = go_to_root(); !begun) return begun;
    while (!left_.empty()) {
      const auto name = std::move(left_.front());
      left_.pop_front();
      if (auto done = step(name); !done) return done;
    }
    return {};
  }
  descriptor take() { return std::move(at_); }
  [[nodiscard]] bool is_shared() const { return shared_; }

 private:
  result<void> go_to_root() {
    where_.clear();
    return enter(descriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), "/");
  }

  result<void> step(const std::string& name) {
    descriptor next(::openat(at_.get(), name.c_str(), holding));
    if (!next) return failure(errno, "open", path_);
    struct stat about{};
    if (::fstat(next.get(), &about) != 0) return failure(errno, "fstat", path_);
    const auto here = name == ".." ? where_ + "/.." : fmt::format("{}/{}", where_, name);
    if (shared_ && name != ".." && !is_trusted(about.st_uid))
      return std::unexpected(
          not_safe(path_, here, fmt::format("it belongs to user {}", about.st_uid)));
    if (S_ISLNK(about.st_mode)) return follow(next);
    if (!S_ISDIR(about.st_mode)) return failure(ENOTDIR, "open", path_);
    where_ = here;
    return enter(std::move(next), where_);
  }

  result<void> follow(const descriptor& link) {
    if (++links_ > most_links) return failure(ELOOP, "open", path_);
    std::array<char, PATH_MAX> target;
    const auto size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size <= 0) return failure(size < 0 ? errno : ENOENT, "readlink", path_);
    const std::string_view to(target.data(), static_cast<std::size_t>(size));
    put_in_front(left_, to);
    return to.starts_with('/') ? go_to_root() : result<void>();
  }

  result<void> enter(descriptor folder, std::string_view name) {
    struct stat about{};
    if (!folder || ::fstat(folder.get(), &about) != 0) return failure(errno, "open", path_);
    if (const auto why = why_not_safe(about)) return std::unexpected(not_safe(path_, name, *why));
    shared_ = is_shared_folder(about);
    at_ = std::move(folder);
    return {};
  }

  const std::string& path_;
  std::deque<std::string> left_;
  std::string where_;
  descriptor at_;
  bool shared_ = false;
  int links_ = 0;
};

}  // namespace

result<held_folder> held_folder::of(const std::string& path) {
  auto whole = absolute_path(path);
  if (!whole) return failure_of(whole);
  const auto slash = whole->rfind('/');
  auto name = whole->substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return failure(EISDIR, "open", path);
  walk way(path);
  if (auto walked = way.to(std::string_view(*whole).substr(0, slash)); !walked)
    return failure_of(walked);
  const bool shared = way.is_shared();
  return held_folder(way.take(), path, std::move(name), shared);
}

result<descriptor> held_folder::look() const {
  descriptor found(::openat(number(), name_.c_str(), holding));
  if (!found) return failure(errno, "open", path_);
  struct stat about{};
  if (::fstat(found.get(), &about) != 0) return failure(errno, "fstat", path_);
  if (S_ISLNK(about.st_mode))
    return failure(EPERM, "open", path_ + " is a symbolic link; name what it leads to");
  if (!shared_) return found;
  if (about.st_uid != ::geteuid())
    return failure(EPERM, "open",
                   fmt::format("{} belongs to user {}, in a folder where everybody may put files",
                               path_, about.st_uid));
  if (S_ISREG(about.st_mode) && about.st_nlink > 1)
    return failure(EPERM, "open",
                   path_ +
                       " has another name too, and is in a folder where everybody may put "
                       "files");
  return found;
}

result<descriptor> held_folder::open(int flags) const {
  auto looked = look();
  if (!looked) return failure_of(looked);
  descriptor opened(::openat(number(), name_.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  if (!opened) return failure(errno, "open", path_);
  struct stat expected{};
  struct stat found{};
  if (::fstat(looked->get(), &expected) != 0 || ::fstat(opened.get(), &found) != 0)
    return failure(errno, "fstat", path_);
  if (expected.st_dev != found.st_dev || expected.st_ino != found.st_ino)
    return failure(EPERM, "open", path_ + " was replaced meanwhile");
  return opened;
}

result<descriptor> held_folder::make(int flags, mode_t mode) const {
  constexpr int new_file = O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  descriptor made(::openat(number(), name_.c_str(), flags | new_file, mode));
  if (!made) return failure(errno, "open", path_);
  return made;
}

result<void> check_place(const std::string& path) {
  auto folder = held_folder::of(path);
  if (!folder) return failure_of(folder);
  auto found = folder->look();
  if (!found && !found.error().is(ENOENT)) return failure_of(found);
  return {};
}

}  // namespace samjoko::os

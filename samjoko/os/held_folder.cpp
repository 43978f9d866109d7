#include <samjoko/os/held_folder.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <samjoko/os/output.hpp>
#include <samjoko/os/path_walk.hpp>

namespace samjoko::os {

result<held_folder> held_folder::of(const std::string& path) {
  auto parted = take_apart(path);
  if (!parted) return failure_of(parted);
  path_walk way(path, path_rule::this_user_alone, false);
  if (auto walked = way.to(parted->folders); !walked) {
    if (!walked.error().is(EPERM)) return failure_of(walked);
    return failure(EPERM, "path", path + ": " + walked.error().on());
  }
  const bool shared = way.is_shared();
  return held_folder(way.take(), path, std::move(parted->name), shared);
}

result<descriptor> held_folder::look() const {
  descriptor found(::openat(number(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
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
  if (!is_same_file(expected, found))
    return failure(EPERM, "open", path_ + " was replaced meanwhile");
  return opened;
}

result<descriptor> held_folder::look_regular() const {
  auto found = look();
  if (!found) return found;
  struct stat about{};
  if (::fstat(found->get(), &about) != 0) return failure(errno, "fstat", path_);
  if (!S_ISREG(about.st_mode)) return failure(EINVAL, "open", path_);
  return found;
}

result<descriptor> held_folder::open_regular(int flags) const {
  auto looked = look_regular();
  if (!looked) return looked;
  return open(flags);
}

result<descriptor> held_folder::make(int flags, mode_t mode) const {
  constexpr int new_file = O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  descriptor made(::openat(number(), name_.c_str(), flags | new_file, mode));
  if (!made) return failure(errno, "open", path_);
  return made;
}

result<held_folder> held_folder::beside(const std::string& more) const {
  auto folder = duplicate(number());
  if (!folder) return failure_of(folder);
  return held_folder(std::move(*folder), path_ + more, name_ + more, shared_);
}

bool held_folder::names(int file) const noexcept {
  struct stat ours{};
  struct stat there{};
  return ::fstat(file, &ours) == 0 &&
         ::fstatat(number(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         is_same_file(ours, there);
}

result<void> held_folder::rename_to(const held_folder& other) const {
  if (::renameat(number(), name_.c_str(), other.number(), other.name_.c_str()) != 0)
    return failure(errno, "rename", other.path_);
  return {};
}

void held_folder::remove(int file) const noexcept {
  if (names(file)) ::unlinkat(number(), name_.c_str(), 0);
}

result<void> check_place(const std::string& path) {
  auto folder = held_folder::of(path);
  if (!folder) return failure_of(folder);
  auto found = folder->look();
  if (!found && !found.error().is(ENOENT)) return failure_of(found);
  return {};
}

}  // namespace samjoko::os

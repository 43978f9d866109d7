#include <samjoko/os/directory.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <samjoko/os/stat_facts.hpp>

namespace samjoko::os {
namespace {

struct close_stream {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

entry_kind kind_of(mode_t mode) noexcept {
  if (S_ISREG(mode)) return entry_kind::regular;
  if (S_ISDIR(mode)) return entry_kind::directory;
  return S_ISLNK(mode) ? entry_kind::link : entry_kind::other;
}

/// Some file systems do not tell the kind with the name (man 3 readdir). A name that has gone
/// meanwhile is no entry any more.
entry_kind kind_of(int directory, const dirent& entry) noexcept {
  if (entry.d_type != DT_UNKNOWN) return kind_of(static_cast<mode_t>(DTTOIF(entry.d_type)));
  struct stat found{};
  if (::fstatat(directory, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) != 0)
    return entry_kind::other;
  return kind_of(found.st_mode);
}

}  // namespace

result<void> read_directory(
    int directory, const std::function<bool(std::string_view name, entry_kind kind)>& take) {
  // A stream of its own, so that the caller's descriptor is neither closed nor moved.
  descriptor own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) return failure(errno, "open directory");
  const std::unique_ptr<DIR, close_stream> stream(::fdopendir(own.get()));
  if (!stream) return failure(errno, "fdopendir");
  static_cast<void>(own.release());
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return failure(errno, "readdir");
    if (entry == nullptr) return {};
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    if (!take(name, kind_of(directory, *entry))) return {};
  }
}

result<file_facts> facts_of_entry(int directory, const char* name) {
  struct stat found{};
  if (::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, "fstatat", name);
  if (S_ISLNK(found.st_mode)) return failure(ELOOP, "fstatat", name);
  return to_facts(found);
}

result<void> may_open_entry(int directory, const char* name, file_kind kind) {
  const int mode = kind == file_kind::directory ? X_OK : R_OK;
  if (::faccessat(directory, name, mode, 0) == 0) return {};
  return failure(errno, "faccessat", name);
}

}  // namespace samjoko::os

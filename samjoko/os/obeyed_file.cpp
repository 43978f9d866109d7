#include <samjoko/os/obeyed_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <samjoko/os/path_walk.hpp>

namespace samjoko::os {
namespace {

/// Opens by the name that was looked at, and no other file than the one found.
result<descriptor> open_found(const path_walk& way, const std::string& name,
                              const struct stat& found, const std::string& path) {
  descriptor opened(::openat(way.number(), name.c_str(),
                             O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
  struct stat about{};
  if (!opened || ::fstat(opened.get(), &about) != 0) return failure(errno, "open", path);
  if (!is_same_file(found, about)) return failure(EPERM, "open", "it was replaced meanwhile");
  return opened;
}

}  // namespace

result<descriptor> open_obeyed_file(const std::string& path) {
  auto parted = take_apart(path);
  if (!parted) return failure_of(parted);
  const auto kept = ::geteuid() == 0 ? path_rule::this_user_alone : path_rule::not_everybody;
  path_walk way(path, kept, true);
  if (auto walked = way.to(parted->folders); !walked) return failure_of(walked);
  auto name = std::move(parted->name);
  auto found = way.find(name);
  if (!found) return found;
  struct stat about{};
  if (::fstat(found->get(), &about) != 0) return failure(errno, "fstat", path);
  const auto why = why_not_safe(about, kept);
  if (why && S_ISREG(about.st_mode) && !is_roots_and_read_only(found->get(), about))
    return failure(EPERM, "open", fmt::format("other users may change it: {}", *why));
  return open_found(way, name, about, path);
}

}  // namespace samjoko::os

#include <samjoko/os/log_target.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include <samjoko/os/held_folder.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko::os {
namespace {

constexpr int appending = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr mode_t new_log_mode = 0644;

/// A description of our own where there can be one: a socket has none, nor what we may no longer
/// open by ourselves.
result<descriptor> open_own(int number, const std::string& path) {
  descriptor anew(::open(("/proc/self/fd/" + std::to_string(number)).c_str(), appending));
  if (anew) return anew;
  auto shared = duplicate(number);
  if (!shared) return failure(shared.error().code(), "open", path);
  return shared;
}

result<descriptor> open_fifo(const held_folder& folder) {
  auto both = folder.open(O_RDWR | O_NONBLOCK);
  return both || !both.error().is(EACCES) ? std::move(both) : folder.open(appending);
}

result<descriptor> open_existing(const held_folder& folder, const std::string& path) {
  auto found = folder.look();
  if (!found) return failure_of(found);
  struct stat about{};
  if (::fstat(found->get(), &about) != 0) return failure(errno, "fstat", path);
  return S_ISFIFO(about.st_mode) ? open_fifo(folder) : folder.open(appending);
}

}  // namespace

result<descriptor> open_log_target(const std::string& path) {
  if (const auto own = own_descriptor_named(path)) return open_own(*own, path);
  auto folder = held_folder::of(path);
  if (!folder) return failure_of(folder);
  for (int tries = 0;; ++tries) {
    auto opened = open_existing(*folder, path);
    if (opened || !opened.error().is(ENOENT)) return opened;
    auto made = folder->make(appending, new_log_mode);
    if (made || !made.error().is(EEXIST) || tries == 3) return made;  // EEXIST: it came meanwhile
  }
}

}  // namespace samjoko::os

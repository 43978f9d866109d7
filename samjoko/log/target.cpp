#include <samjoko/log/target.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include <samjoko/os/held_folder.hpp>
#include <samjoko/os/output.hpp>

namespace samjoko::log {
namespace {

constexpr int appending = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr mode_t new_log_mode = 0644;

/// Opens a description of our own where that is possible. It is not for a socket, nor for a file
/// that this process may no longer open by itself.
result<os::descriptor> open_own(int number, const std::string& path) {
  os::descriptor anew(::open(("/proc/self/fd/" + std::to_string(number)).c_str(), appending));
  if (anew) return anew;
  auto shared = os::duplicate(number);
  if (!shared) return failure(shared.error().code(), "open", path);
  return shared;
}

result<os::descriptor> open_fifo(const os::held_folder& folder) {
  auto both = folder.open(O_RDWR | O_NONBLOCK);
  return both || !both.error().is(EACCES) ? std::move(both) : folder.open(appending);
}

result<os::descriptor> open_existing(const os::held_folder& folder, const std::string& path) {
  auto found = folder.look();
  if (!found) return failure_of(found);
  struct stat about{};
  if (::fstat(found->get(), &about) != 0) return failure(errno, "fstat", path);
  return S_ISFIFO(about.st_mode) ? open_fifo(folder) : folder.open(appending);
}

}  // namespace

result<os::descriptor> open_target(const std::string& path) {
  if (const auto own = os::own_descriptor_named(path)) return open_own(*own, path);
  auto folder = os::held_folder::of(path);
  if (!folder) return failure_of(folder);
  for (int tries = 0;; ++tries) {
    auto opened = open_existing(*folder, path);
    if (opened || !opened.error().is(ENOENT)) return opened;
    auto made = folder->make(appending, new_log_mode);
    if (made || !made.error().is(EEXIST) || tries == 3) return made;  // EEXIST: it came meanwhile
  }
}

}  // namespace samjoko::log

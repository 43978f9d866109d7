#include <samjoko/os/pid_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>
#include <utility>

#include <samjoko/os/clock.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {
namespace {

std::string read_file(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 1024> room;
  const auto count = file ? ::read(file.get(), room.data(), room.size()) : -1;
  return count <= 0 ? std::string() : std::string(room.data(), static_cast<std::size_t>(count));
}

std::optional<pid_t> pid_in(std::string_view text) {
  pid_t pid = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), pid);
  const auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (code != std::errc() || pid <= 0 || rest.find_first_not_of(" \t\r\n") != std::string::npos)
    return std::nullopt;
  return pid;
}

/// Seconds of the epoch; nothing where /proc does not say.
std::optional<double> start_of(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  // The name of the program may contain anything, parentheses too; the 22nd field is the 20th
  // behind it (man 5 proc, starttime).
  auto at = text.rfind(')');
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return std::nullopt;
  unsigned long long ticks = 0;
  std::from_chars(text.data() + at + 1, text.data() + text.size(), ticks);
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto since_boot =
      static_cast<double>(boot.tv_sec) + static_cast<double>(boot.tv_nsec) / 1e9;
  const std::chrono::duration<double> wall = wall_now().time_since_epoch();
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return wall.count() - since_boot + static_cast<double>(ticks) / per_second;
}

/// Of the process that a file names, when it can have been meant.
std::optional<pid_t> living_owner(const std::string& path) {
  const auto pid = pid_in(read_file(path));
  if (!pid || *pid == ::getpid()) return std::nullopt;
  if (::kill(*pid, 0) != 0 && errno == ESRCH) return std::nullopt;
  struct stat about{};
  const auto started = start_of(*pid);
  if (!started || ::stat(path.c_str(), &about) != 0) return pid;
  constexpr double inexact = 2;  // seconds: ticks, and a clock that is being set
  return *started <= static_cast<double>(about.st_mtime) + inexact ? pid : std::nullopt;
}

}  // namespace

result<pid_file> pid_file::claim(const std::string& path) {
  pid_file made;
  made.owner_ = ::getpid();
  made.path_ = path;
  const auto coming = path + ".new";
  // Who has the lock may look at what is published, and publish. It moves with the file, so that
  // nobody gets between a look and another's publishing.
  if (auto locked = made.lock(coming); !locked) return failure_of(locked);
  made.temporary_ = coming;
  if (const auto owner = living_owner(path))
    return failure(EEXIST, "pid file",
                   fmt::format("{} names process {}, which lives", path, *owner));
  const auto text = fmt::format("{}\n", made.owner_);
  if (::ftruncate(made.file_.get(), 0) != 0 ||
      ::write(made.file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failure(errno, "write", coming);
  return made;
}

result<void> pid_file::lock(const std::string& coming) {
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  while (true) {
    // Not for others to open: nobody else can hold its lock.
    file_ = descriptor(::open(coming.c_str(), flags, 0600));
    if (!file_) return failure(errno, "open", coming);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK)
        return failure(EEXIST, "pid file",
                       fmt::format("{}: another server is being started with it", path_));
      return {};  // the file system knows no locks
    }
    if (names_itself(coming)) return {};  // otherwise it was published or removed meanwhile
  }
}

bool pid_file::names_itself(const std::string& path) const noexcept {
  struct stat ours{};
  struct stat there{};
  return ::fstat(file_.get(), &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

pid_file::pid_file(pid_file&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)),
      owner_(std::exchange(other.owner_, 0)) {}

pid_file& pid_file::operator=(pid_file&& other) noexcept {
  pid_file moved(std::move(other));
  std::swap(path_, moved.path_);
  std::swap(temporary_, moved.temporary_);
  std::swap(file_, moved.file_);
  std::swap(owner_, moved.owner_);
  return *this;
}

pid_file::~pid_file() {
  if (path_.empty() || owner_ != ::getpid()) return;
  if (!temporary_.empty() && names_itself(temporary_)) ::unlink(temporary_.c_str());
  if (temporary_.empty() && names_itself(path_) && pid_in(read_file(path_)) == owner_)
    ::unlink(path_.c_str());
}

result<void> pid_file::publish() {
  if (path_.empty() || temporary_.empty()) return {};
  if (::fchmod(file_.get(), 0644) != 0) return failure(errno, "chmod", temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(errno, "rename", path_);
  temporary_.clear();
  return {};
}

}  // namespace samjoko::os

#include <samjoko/os/pid_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
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
  if (const auto owner = living_owner(path))
    return failure(EEXIST, "pid file",
                   fmt::format("{} names process {}, which lives", path, *owner));
  pid_file made;
  made.owner_ = ::getpid();
  made.path_ = path;
  made.temporary_ = fmt::format("{}.{}", path, made.owner_);
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  const descriptor file(::open(made.temporary_.c_str(), flags, 0644));
  if (!file) return failure(errno, "open", std::exchange(made.temporary_, {}));
  const auto text = fmt::format("{}\n", made.owner_);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failure(errno, "write", made.temporary_);
  return made;
}

pid_file::pid_file(pid_file&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      temporary_(std::exchange(other.temporary_, {})),
      owner_(std::exchange(other.owner_, 0)) {}

pid_file& pid_file::operator=(pid_file&& other) noexcept {
  pid_file moved(std::move(other));
  std::swap(path_, moved.path_);
  std::swap(temporary_, moved.temporary_);
  std::swap(owner_, moved.owner_);
  return *this;
}

pid_file::~pid_file() {
  if (path_.empty() || owner_ != ::getpid()) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (pid_in(read_file(path_)) == owner_) ::unlink(path_.c_str());
}

result<void> pid_file::publish() {
  if (path_.empty() || temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(errno, "rename", path_);
  temporary_.clear();
  return {};
}

}  // namespace samjoko::os

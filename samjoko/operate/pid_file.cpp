#include <samjoko/operate/pid_file.hpp>

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

namespace samjoko::operate {
namespace {

std::string read_start(const os::descriptor& file) {
  std::array<char, 1024> room;
  const auto count = file ? ::pread(file.get(), room.data(), room.size(), 0) : -1;
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

/// In seconds of the epoch; nothing where /proc does not say.
std::optional<double> start_of(pid_t pid) {
  const os::descriptor facts(
      ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = read_start(facts);
  // The name of the program may contain anything, parentheses too. The 22nd field is the 20th after
  // it (man 5 proc, starttime).
  auto at = text.rfind(')');
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return std::nullopt;
  unsigned long long ticks = 0;
  std::from_chars(text.data() + at + 1, text.data() + text.size(), ticks);
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto since_boot =
      static_cast<double>(boot.tv_sec) + static_cast<double>(boot.tv_nsec) / 1e9;
  const std::chrono::duration<double> wall = os::wall_now().time_since_epoch();
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return wall.count() - since_boot + static_cast<double>(ticks) / per_second;
}

/// The process that a file names, when the file can have meant it.
std::optional<pid_t> living_owner(const os::descriptor& file, const struct stat& about) {
  const auto pid = pid_in(read_start(file));
  if (!pid || *pid == ::getpid()) return std::nullopt;
  if (::kill(*pid, 0) != 0 && errno == ESRCH) return std::nullopt;
  const auto started = start_of(*pid);
  if (!started) return pid;
  constexpr double inexact = 2;  // seconds: ticks, and a clock that is being set
  return *started <= static_cast<double>(about.st_mtime) + inexact ? pid : std::nullopt;
}

error not_a_file(const std::string& path) {
  return {EPERM, "pid file", path + " is not a regular file, and is left alone"};
}

/// Other users cannot open it, so they cannot hold its lock.
result<os::descriptor> make_or_take(const os::held_folder& coming, const std::string& path) {
  constexpr int flags = O_RDWR | O_NONBLOCK;
  for (int tries = 0;; ++tries) {
    auto made = coming.make(flags, 0600);
    if (made || !made.error().is(EEXIST)) return made;
    auto taken = coming.open_regular(flags);
    if (!taken && taken.error().is(ENOENT) && tries < 100) continue;  // it was removed
    if (!taken && taken.error().is(EINVAL)) return std::unexpected(not_a_file(path + ".new"));
    return taken;
  }
}

}  // namespace

result<pid_file> pid_file::claim(const std::string& path) {
  pid_file made;
  auto place = os::held_folder::of(path);
  if (!place) return failure_of(place);
  auto coming = place->beside(".new");
  if (!coming) return failure_of(coming);
  made.place_ = std::move(*place);
  made.coming_ = std::move(*coming);
  made.owner_ = ::getpid();
  made.path_ = path;
  // A process that has the lock may look at what is published, and publish. The lock moves with the
  // file, so no other process can publish between the look and the publishing.
  if (auto locked = made.lock(); !locked) return failure_of(locked);
  if (auto nobody = made.look_at_owner(); !nobody) return failure_of(nobody);
  const auto text = fmt::format("{}\n", made.owner_);
  if (::ftruncate(made.file_.get(), 0) != 0 ||
      ::write(made.file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failure(errno, "write", path + ".new");
  return made;
}

result<void> pid_file::look_at_owner() const {
  auto found = place_.open_regular(O_RDONLY | O_NONBLOCK);
  if (!found && found.error().is(ENOENT)) return {};
  if (!found && found.error().is(EINVAL)) return std::unexpected(not_a_file(path_));
  if (!found && found.error().is(EACCES)) return {};  // the file may still be replaced
  if (!found) return failure_of(found);
  struct stat about{};
  if (::fstat(found->get(), &about) != 0) return failure(errno, "fstat", path_);
  const auto owner = living_owner(*found, about);
  if (!owner) return {};
  return failure(EEXIST, "pid file",
                 fmt::format("{} names process {}, which lives", path_, *owner));
}

result<void> pid_file::lock() {
  while (true) {
    auto file = make_or_take(coming_, path_);
    if (!file) return failure_of(file);
    file_ = std::move(*file);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) {
        file_.reset();  // the file belongs to the other process
        return failure(EEXIST, "pid file",
                       fmt::format("{}: another server is being started with it", path_));
      }
      return {};  // the file system knows no locks
    }
    if (coming_.names(file_.get())) return {};  // else it was published or removed meanwhile
  }
}

pid_file::pid_file(pid_file&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      place_(std::move(other.place_)),
      coming_(std::move(other.coming_)),
      published_(std::exchange(other.published_, false)),
      file_(std::move(other.file_)),
      owner_(std::exchange(other.owner_, 0)) {}

pid_file& pid_file::operator=(pid_file&& other) noexcept {
  pid_file moved(std::move(other));
  std::swap(path_, moved.path_);
  std::swap(place_, moved.place_);
  std::swap(coming_, moved.coming_);
  std::swap(published_, moved.published_);
  std::swap(file_, moved.file_);
  std::swap(owner_, moved.owner_);
  return *this;
}

pid_file::~pid_file() {
  if (path_.empty() || owner_ != ::getpid() || !file_) return;
  if (!published_) {
    coming_.remove(file_.get());
  } else if (pid_in(read_start(file_)) == owner_) {
    place_.remove(file_.get());
  }
}

result<void> pid_file::publish() {
  if (path_.empty() || published_) return {};
  if (::fchmod(file_.get(), 0644) != 0) return failure(errno, "chmod", path_);
  if (!coming_.names(file_.get()))
    return failure(ENOENT, "pid file", path_ + ".new is not ours any more");
  // Something new may have come since the start: a device or a link must not be replaced.
  if (auto there = place_.look_regular(); !there && !there.error().is(ENOENT)) {
    if (there.error().is(EINVAL)) return std::unexpected(not_a_file(path_));
    return failure_of(there);
  }
  if (auto renamed = coming_.rename_to(place_); !renamed) return renamed;
  published_ = true;
  return {};
}

}  // namespace samjoko::operate

#include <samjoko/os/socket_file.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <samjoko/base/deadline.hpp>
#include <utility>

namespace samjoko::os {
namespace {

constexpr milliseconds lock_patience{5000};

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool somebody_answers(const address& where) {
  const descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return true;
  if (::connect(probe.get(), where.data(), where.size()) == 0) return true;
  return errno != ECONNREFUSED;  // EAGAIN: a process listens, and its backlog is full
}

}  // namespace

folder_lock::folder_lock(const std::string& file_in_it)
    : folder_(::open(folder_of(file_in_it).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  const auto until = deadline::after(lock_patience);
  while (folder_ && ::flock(folder_.get(), LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || until.passed(steady::now())) break;
    ::poll(nullptr, 0, 10);
  }
}

socket_file::socket_file(std::string path)
    : path_(std::move(path)),
      itself_(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
      owner_(::getpid()) {}

socket_file::socket_file(socket_file&& other) noexcept
    : path_(std::move(other.path_)), itself_(std::move(other.itself_)), owner_(other.owner_) {}

socket_file& socket_file::operator=(socket_file&& other) noexcept {
  socket_file moved(std::move(other));
  std::swap(path_, moved.path_);
  std::swap(itself_, moved.itself_);
  std::swap(owner_, moved.owner_);
  return *this;
}

// Between the look and the removal another process may rename a file into place; servers of this
// kind do not, for they hold the folder's lock.
void socket_file::remove() noexcept {
  const auto own = std::move(itself_);
  if (!own || owner_ != ::getpid()) return;
  const folder_lock held(path_);
  struct stat ours{};
  struct stat there{};
  if (::fstat(own.get(), &ours) != 0 || ::lstat(path_.c_str(), &there) != 0) return;
  if (S_ISSOCK(there.st_mode) && is_same_file(ours, there)) ::unlink(path_.c_str());
}

void remove_stale(const address& where) {
  const folder_lock held{std::string(where.path())};
  remove_stale(where, held);
}

void remove_stale(const address& where, const folder_lock&) {
  const std::string path(where.path());
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  if (somebody_answers(where)) return;
  struct stat now{};
  if (::lstat(path.c_str(), &now) == 0 && is_same_file(found, now)) ::unlink(path.c_str());
}

}  // namespace samjoko::os

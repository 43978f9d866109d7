#include <samjoko/os/pipe.hpp>

#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

namespace samjoko::os {
namespace {

bool is_pending(int signal) noexcept {
  sigset_t pending;
  return ::sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

}  // namespace

/// A write that fails with EPIPE sends the signal to its own thread (man 2 write), where it stays
/// pending.
ssize_t write_to_pipe(int pipe, std::span<const iovec> parts) noexcept {
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const bool was_pending = is_pending(SIGPIPE);
  const auto count = parts.size() < IOV_MAX ? parts.size() : std::size_t{IOV_MAX};
  const auto written = ::writev(pipe, parts.data(), static_cast<int>(count));
  const int code = errno;
  if (written < 0 && code == EPIPE && !was_pending) {
    const timespec at_once{};
    while (::sigtimedwait(&broken_pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return written;
}

}  // namespace samjoko::os

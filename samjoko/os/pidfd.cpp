#include <samjoko/os/pidfd.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

// By number: the C library of Debian 12 has the names, older ones do not.
namespace samjoko::os {

result<descriptor> open_pidfd(pid_t pid) {
  const auto opened = ::syscall(SYS_pidfd_open, pid, 0U);
  if (opened < 0) return failure(errno, "pidfd_open", std::to_string(pid));
  return descriptor(static_cast<int>(opened));
}

result<void> send_signal(const descriptor& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U) != 0) {
    return failure(errno, "pidfd_send_signal", std::to_string(signal));
  }
  return {};
}

}  // namespace samjoko::os

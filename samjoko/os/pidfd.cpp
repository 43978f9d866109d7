#include <samjoko/os/pidfd.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

// By number: the C library of Debian 12 has the names, older versions do not.
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

result<void> send_signal_to_group(const descriptor& leader, pid_t pid, int signal) {
  if (auto there = send_signal(leader, 0); !there) return there;
  if (::kill(-pid, signal) != 0) return failure(errno, "kill", std::to_string(-pid));
  return {};
}

bool group_lives(pid_t leader) noexcept { return ::kill(-leader, 0) == 0 || errno == EPERM; }

result<std::optional<exit_status>> reap(const descriptor& pidfd) {
  siginfo_t info = {};
  const auto number = static_cast<id_t>(pidfd.get());
  int done = -1;
  do {
    done = ::waitid(P_PIDFD, number, &info, WEXITED | WNOHANG);
  } while (done != 0 && errno == EINTR);
  if (done != 0)
    return failure(errno, "wait", errno == ECHILD ? "status taken by another waiter" : "");
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return exit_status::exited(info.si_status);
  return exit_status::killed(info.si_status, info.si_code == CLD_DUMPED);
}

}  // namespace samjoko::os

#pragma once
// Charter: all that the master asks of the kernel, as an interface, so that a simulation can stand
// in for the kernel: time, signals, forks that fail and children that die in any order, from one
// seed. The channel to a worker has no such interface: the process that opens it holds both ends.

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/children.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/supervise/channel.hpp>

namespace samjoko::supervise {

/// A child as its parent holds it.
struct held_process {
  pid_t pid = 0;
  os::descriptor handle;  ///< a pidfd; none where the kernel or a limit refused it
};

class kernel {
 public:
  kernel() = default;
  kernel(const kernel&) = delete;
  kernel& operator=(const kernel&) = delete;
  virtual ~kernel() = default;

  /// The monotonic clock.
  [[nodiscard]] virtual steady::time_point now() = 0;
  /// Waits until a signal has come, one of these is ready (their `revents` say which) or `until`
  /// has passed. An earlier return is harmless.
  virtual void wait(std::vector<pollfd>& for_these, deadline until) = 0;
  /// The signals that came since the last call. Valid until the next call.
  [[nodiscard]] virtual std::span<const os::signal_notice> take_signals() = 0;
  /// Opens a line to a worker that is yet to be forked. Errors: EMFILE, ENFILE.
  [[nodiscard]] virtual result<channel::both_ends> open_channel() = 0;
  /// Forks a child that runs `work`, which must not return, with every signal blocked. Errors:
  /// EAGAIN, ENOMEM.
  [[nodiscard]] virtual result<held_process> fork(const std::function<void()>& work) = 0;
  /// The next report of any child, stops and continuations included; none when there is no more for
  /// now.
  [[nodiscard]] virtual std::optional<os::waited> wait_any() = 0;
  /// Signals a child that has not been reaped, and no other process. Errors: ESRCH, EPERM.
  [[nodiscard]] virtual result<void> kill(pid_t pid, const os::descriptor& handle, int signal) = 0;
  /// Sends the signals, in turn, to all processes that a child has started, not to the child
  /// itself. Returns these processes.
  virtual std::vector<pid_t> signal_descendants(pid_t /*child*/, std::span<const int> /*signals*/) {
    return {};
  }
  /// All children, including those that other processes left to this one. Empty where the kernel
  /// does not report them.
  [[nodiscard]] virtual std::vector<pid_t> children() = 0;
  /// For one of the children that runs a program: the worker under which the program was started;
  /// 0: the program does not say which. None for a process of this program itself, which a worker
  /// forked for its clients and which finishes by itself, and for a child that has ended.
  [[nodiscard]] virtual std::optional<pid_t> worker_of_program(pid_t /*child*/) {
    return std::nullopt;
  }
};

}  // namespace samjoko::supervise

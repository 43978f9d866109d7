#pragma once
// Charter: all that the master asks of the kernel, behind a seam, so that a simulation can play the
// kernel: time, signals, forks that fail and children that die in any order, from one seed. The
// channel to a worker has no seam of its own: whoever opens it holds both ends.

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
  /// Until a signal has come, one of these is ready (their `revents` say which) or `until` has
  /// passed; sooner is harmless.
  virtual void wait(std::vector<pollfd>& for_these, deadline until) = 0;
  /// What came since the last call. Valid until the next one.
  [[nodiscard]] virtual std::span<const os::signal_notice> take_signals() = 0;
  /// A line to a worker that is yet to be forked. Errors: EMFILE, ENFILE.
  [[nodiscard]] virtual result<channel::both_ends> open_channel() = 0;
  /// Forks a child that runs `work`, which must not return, with every signal blocked. Errors:
  /// EAGAIN, ENOMEM.
  [[nodiscard]] virtual result<held_process> fork(const std::function<void()>& work) = 0;
  /// The next report of any child, stops and continuations too; none when there is no more for now.
  [[nodiscard]] virtual std::optional<os::waited> wait_any() = 0;
  /// To a child that has not been reaped, and to no other. Errors: ESRCH, EPERM.
  [[nodiscard]] virtual result<void> kill(pid_t pid, const os::descriptor& handle, int signal) = 0;
  /// To all that a child has started, in turn, not to itself; which they are.
  virtual std::vector<pid_t> signal_descendants(pid_t /*child*/, std::span<const int> /*signals*/) {
    return {};
  }
  /// All children, also those that others left to this process. Empty where the kernel does not
  /// say.
  [[nodiscard]] virtual std::vector<pid_t> children() = 0;
  /// Of one of them: the worker under which a program was started that it runs; 0: a program, but
  /// it does not say whose. None for a process of this program itself, which a worker forked for
  /// its clients and which finishes by itself, and for one that has ended.
  [[nodiscard]] virtual std::optional<pid_t> worker_of_program(pid_t /*child*/) {
    return std::nullopt;
  }
};

}  // namespace samjoko::supervise

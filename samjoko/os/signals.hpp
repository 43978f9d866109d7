#pragma once
// Charter: signals, turned into something to poll. Dispositions are set by sigaction(2); nothing
// anywhere calls signal(2), whose meaning differs between systems and which can set neither mask
// nor flags.
//
// A handler may interrupt any instruction, malloc in the middle of its lists included. It may call
// only a short list of functions (man 7 signal-safety); code that ignored this turned a log line
// into a remote root hole (CVE-2024-6387, OpenSSH). Our handler counts in lock-free cells and
// writes to eventfds. All other work is done later, by the thread that polls.

#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

/// One more than the highest signal number (man 7 signal: 1 to 64 on Linux).
inline constexpr int signal_limit = 65;

using signal_handler = void (*)(int signal, siginfo_t* info, void* context);

/// What reset_signals_in_child() does with a handler. Kept: a handler that is right in a child too,
/// which saves the system calls.
enum class in_children : bool { undone, kept };

/// Installs `handler` with SA_SIGINFO and `flags`, every signal blocked while it runs. The handler
/// must be async-signal-safe, and save and restore errno.
[[nodiscard]] result<void> install_handler(int signal, signal_handler handler, int flags,
                                           in_children later = in_children::undone);
/// Whether a handler of this library is installed. Any thread.
[[nodiscard]] bool has_handler(int signal) noexcept;
/// SIG_IGN. Survives fork and exec: a signal that a worker ignores (Ctrl+C reaches the whole
/// process group) must also be ignored by the processes it forks for its clients.
[[nodiscard]] result<void> ignore_signal(int signal);

/// For a process that must not end by accident; once, before its threads. The errors of a write
/// (SIGPIPE, SIGXFSZ) are ignored. So is each signal that would end the process by default, that
/// this process does not use and that is no fault: timers, SIGIO, SIGXCPU and the like, and the
/// real-time signals. A signal for which the program has an action of its own keeps it.
void survive_stray_signals() noexcept;

struct signal_notice {
  int signal = 0;
  /// Deliveries since the last take. Deliveries, not sendings: pending standard signals coalesce.
  std::uint32_t times = 0;
  /// The process that sent the last one; 0 when the kernel did (Ctrl+C at a terminal, an alarm).
  /// man 2 sigaction.
  pid_t sender = 0;
  uid_t sender_user = 0;
  /// The last one was not sent by kill(2), but for instance by a terminal. (A sender outside of
  /// this process's pid namespace has the pid 0, too.)
  bool by_kernel = false;
};

struct signal_place;

/// A queue of caught signals. There may be several in a process, in any threads; each gets every
/// signal it wants. The first queue that wants a signal installs the handler, with SA_RESTART and
/// every signal blocked while it runs. With the last queue the action that stood there before comes
/// back, unless other code has set another one meanwhile. Move-only. Taking is for one thread;
/// delivery may happen on any.
class signal_queue {
 public:
  /// Catches `signals` from now on. In the main thread of the process they are unblocked while the
  /// queue lives; in another thread no mask is changed: some thread has to let them through, as the
  /// main thread of a worker does. Errors: EBUSY for a signal that this library uses here in
  /// another way (install_handler), EINVAL for one that cannot be caught, EMFILE and the like from
  /// eventfd.
  [[nodiscard]] static result<signal_queue> open(std::span<const int> signals);
  [[nodiscard]] static result<signal_queue> open(std::initializer_list<int> signals) {
    return open(std::span(signals.begin(), signals.size()));
  }
  signal_queue(signal_queue&& other) noexcept
      : place_(std::exchange(other.place_, nullptr)), unblocked_(other.unblocked_) {}
  signal_queue& operator=(signal_queue&&) noexcept = delete;
  ~signal_queue();

  /// Readable while something is queued. It is not closed with the queue but kept for the next
  /// queue: a loop that watches it has to be told to forget it before.
  [[nodiscard]] int descriptor() const noexcept;
  /// Takes all that is queued, lowest signal first; never blocks. Valid until the next call.
  [[nodiscard]] std::span<const signal_notice> take() noexcept;

 private:
  explicit signal_queue(signal_place& place) noexcept : place_(&place) {}
  void unblock(std::span<const int> signals) noexcept;

  signal_place* place_;
  sigset_t unblocked_{};
  std::array<signal_notice, signal_limit> taken_{};
};

/// Blocks every signal of the calling thread, and its destructor puts the mask back. Held around
/// fork, so that no handler of the parent runs in the child on state that the two share.
class signal_mask_guard {
 public:
  signal_mask_guard() noexcept;
  ~signal_mask_guard();
  signal_mask_guard(const signal_mask_guard&) = delete;
  signal_mask_guard& operator=(const signal_mask_guard&) = delete;
  /// Leaves the mask as it is: for the child, which has its own.
  void dismiss() noexcept { armed_ = false; }

 private:
  sigset_t before_{};
  bool armed_ = true;
};

/// Sets the calling thread's mask: these signals are blocked, every other signal gets through.
void block_only(std::initializer_list<int> signals) noexcept;

/// To be called first in a child, while everything is still blocked. Handlers that this library
/// installed go back to the default, unless they were to be kept, and signals that were queued for
/// the parent are forgotten. The mask is not touched. Cheap: one system call per signal that goes
/// back, so that a process forked for each client can afford it.
void reset_signals_in_child() noexcept;
/// The same for every signal that exists, whatever code set it: for the start of a program or of a
/// worker, which may have inherited ignored or blocked signals from its starter (man 1 nohup).
void reset_all_signals() noexcept;
/// The same without the mask: for a child that was forked with everything blocked, and lets signals
/// through when it has set what each of them shall do.
void reset_all_dispositions() noexcept;

}  // namespace samjoko::os

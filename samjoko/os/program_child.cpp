#include <samjoko/os/program_child.hpp>

#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <samjoko/os/signals.hpp>

// From the C library (man 2 clone). By this name, since sanitizers replace the other name by their
// own function, which takes the child for a forked process with memory of its own.
// NOLINTNEXTLINE(bugprone-reserved-identifier, cert-dcl*, readability-identifier-naming)
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...) noexcept;

// Sanitizers keep accounts of calls and memory, which the child shares with its parent's threads.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), \
                             apply_to = function)
#endif

namespace samjoko::os {
namespace {

struct start_order {
  const prepared_program& what;
  program_failure& failed;
};

/// The kernel's struct sigaction, all zero: the default action, no flags, an empty mask.
struct kernel_default_action {
  std::uint64_t words[4] = {};
};
constexpr std::size_t kernel_mask_size = 8;

[[noreturn]] void give_up(program_failure& failed, const char* call) noexcept {
  failed.code = errno;
  failed.call = call;
  for (;;) ::syscall(SYS_exit_group, 127);
}

void set_default_actions() noexcept {
  const kernel_default_action plain;
  for (int signal = 1; signal < signal_limit; ++signal)
    ::syscall(SYS_rt_sigaction, signal, &plain, nullptr, kernel_mask_size);
}

void set_streams(const prepared_program& what, program_failure& failed) noexcept {
  for (int number = 0; number < 3; ++number) {
    const int from = what.streams[static_cast<std::size_t>(number)];
    if (from == prepared_program::keep) continue;
    if (::syscall(SYS_dup3, from, number, 0) < 0) give_up(failed, "dup");
  }
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) != 0) give_up(failed, "close_range");
}

void set_surroundings(const prepared_program& what, program_failure& failed) noexcept {
  if (what.ends_with_thread) {
    ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
    const bool is_orphan = ::syscall(SYS_getppid) != what.starter;
    if (is_orphan) give_up(failed, "getppid");
  }
  if (what.own_group && ::syscall(SYS_setpgid, 0, 0) != 0) give_up(failed, "setpgid");
  if (what.directory != nullptr && ::syscall(SYS_chdir, what.directory) != 0)
    give_up(failed, "chdir");
  if (what.open_files != nullptr)  // lowering it cannot fail
    ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, what.open_files, nullptr);
  for (std::size_t index = 0; index < what.limits.size(); ++index) {
    // NOLINTNEXTLINE(readability-simplify-subscript-expr): no call of an instrumented function
    const auto& each = what.limits.data()[index];
    const rlimit both{.rlim_cur = each.most, .rlim_max = each.most};
    if (::syscall(SYS_prlimit64, 0, each.resource, &both, nullptr) != 0)
      give_up(failed, "setrlimit");
  }
}

/// As execvp(3) looks through PATH; but a file that is no program is not given to a shell.
[[noreturn]] void execute(const prepared_program& what, program_failure& failed) noexcept {
  bool refused = false;
  for (std::size_t index = 0; index < what.files.size(); ++index) {
    // NOLINTNEXTLINE(readability-simplify-subscript-expr): as above
    ::syscall(SYS_execve, what.files.data()[index], what.arguments, what.environment);
    if (errno == EACCES) refused = true;
    const bool is_elsewhere = errno == EACCES || errno == ENOENT || errno == ENOTDIR;
    if (!is_elsewhere) give_up(failed, "execve");
  }
  if (refused) errno = EACCES;
  give_up(failed, "execve");
}

/// The errno is that of the thread that waits for this child, and of no other thread.
int be_child(void* argument) noexcept {
  const auto& order = *static_cast<const start_order*>(argument);
  set_default_actions();
  set_streams(order.what, order.failed);
  set_surroundings(order.what, order.failed);
  constexpr std::uint64_t no_signals = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, kernel_mask_size);
  execute(order.what, order.failed);
}

constexpr std::size_t stack_size = std::size_t{16} * 1024;

}  // namespace

result<made_child> make_child(const prepared_program& what, program_failure& failed) {
  // The stack is in this frame: this thread stands still while the child uses it.
  alignas(16) std::byte stack[stack_size];
  start_order order{what, failed};
  made_child made;
  const signal_mask_guard blocked;
  made.pid = __clone(&be_child, stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                     &order, &made.pidfd);
  if (made.pid < 0) return failure(errno, "clone");
  return made;
}

}  // namespace samjoko::os

#if defined(__clang__)
#pragma clang attribute pop
#endif

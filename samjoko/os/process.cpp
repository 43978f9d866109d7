#include <samjoko/os/process.hpp>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <samjoko/base/check.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko::os {
namespace {

// The thread sanitizer has a thread of its own, which holds no lock across our fork.
#if defined(__SANITIZE_THREAD__)
constexpr unsigned threads_of_tools = 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr unsigned threads_of_tools = 1;
#else
constexpr unsigned threads_of_tools = 0;
#endif
#else
constexpr unsigned threads_of_tools = 0;
#endif

}  // namespace

void check_single_threaded() {
  struct stat tasks = {};
  if (::stat("/proc/self/task", &tasks) != 0) return;
  // A directory's link count is 2 and one more per directory in it: here, per thread (man 5 proc).
  SAMJOKO_CHECK(tasks.st_nlink <= 3 + threads_of_tools,
                "a process that forks must have one thread");
}

result<forked> fork_process(child_mask mask) {
  signal_mask_guard blocked;
  const pid_t pid = ::fork();
  if (pid < 0) return failure(errno, "fork");
  if (pid == 0) {
    reset_signals_in_child();
    blocked.dismiss();
    if (mask == child_mask::empty) block_only({});
  }
  return forked{pid};
}

void end_with_parent(int signal, pid_t parent) noexcept {
  ::prctl(PR_SET_PDEATHSIG, signal);
  if (::getppid() != parent) ::kill(::getpid(), signal);
}

void set_variable(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
bool parent_is(pid_t parent) noexcept { return ::getppid() == parent; }

void leave_process(int code) noexcept { ::_exit(code); }

}  // namespace samjoko::os

// How a child ended, as its parent learns it: one int, of which 16 bits mean something.
//
//   exit(code)           bits 15..8 the code              bits 7..0 zero
//   killed by a signal   bit 7 whether a core was dumped  bits 6..0 the signal
//   stopped (it lives)   bits 15..8 the signal            bits 7..0 0x7f
//
// The shifts are Linux's layout, the macros are portable: this prints both.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <lessons/must.hpp>

namespace {

void explain(const char* what, int status) {
  dprintf(1, "%-20s 0x%04x  >> 8: %3d  & 0x80: %3d  & 0x7f: %3d  ", what,
          static_cast<unsigned>(status), status >> 8 & 0xff, status & 0x80, status & 0x7f);
  if (WIFEXITED(status)) {
    dprintf(1, "exited with code %d\n", WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    dprintf(1, "killed by SIG%s%s\n", sigabbrev_np(WTERMSIG(status)),
            WCOREDUMP(status) ? ", core dumped" : "");
  } else if (WIFSTOPPED(status)) {
    dprintf(1, "stopped by SIG%s, not dead\n", sigabbrev_np(WSTOPSIG(status)));
  }
}

template <class Work>
void try_out(const char* what, Work work) {
  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) {
    work();
    _exit(0);  // a child leaves by _exit: see what_fork_copies.cpp
  }
  int status = 0;
  lessons::must(waitpid(child, &status, WUNTRACED), "waitpid");  // also when it only stops
  explain(what, status);
  if (!WIFSTOPPED(status)) return;
  kill(child, SIGKILL);  // also ends a stopped process
  lessons::must(waitpid(child, &status, 0), "waitpid");
}

}  // namespace

int main() {
  try_out("exit(3)", [] { _exit(3); });
  try_out("exit(256 + 3)", [] { _exit(256 + 3); });  // only 8 bits of a code arrive
  try_out("exit(-1)", [] { _exit(-1); });
  try_out("kill -TERM", [] { raise(SIGTERM); });
  try_out("kill -KILL", [] { raise(SIGKILL); });
  const rlimit any_size{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &any_size);  // where that is not allowed, no core is dumped below
  try_out("kill -QUIT, Ctrl+\\", [] { raise(SIGQUIT); });
  try_out("kill -STOP", [] { raise(SIGSTOP); });
}

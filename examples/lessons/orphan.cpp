// Which process reaps a zombie whose parent ended first? The child is adopted by the nearest
// ancestor that has declared itself a subreaper, else by PID 1 of its namespace, and that process
// must reap it. In a container PID 1 is your program: a server that waits only for the children it
// knows collects zombies.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <lessons/must.hpp>

namespace {

using pipe_ends = std::array<int, 2>;

/// Prints its first parent, and its parent after the pipe has been closed.
[[noreturn]] void be_grandchild(pid_t parent, const pipe_ends& ends) {
  close(ends[1]);
  char nothing = 0;
  read(ends[0], &nothing, 1);
  dprintf(1, "process %d: my parent was process %d, now it is process %d\n", getpid(), parent,
          getppid());
  _exit(5);
}

}  // namespace

int main() {
  lessons::must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
  dprintf(1, "process %d adopts the orphans among its descendants\n", getpid());
  pipe_ends ends{};
  lessons::must(pipe(ends.data()), "pipe");

  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) {
    const pid_t self = getpid();
    if (lessons::must(fork(), "fork") == 0) be_grandchild(self, ends);
    _exit(0);  // and does not wait for its own child
  }
  int status = 0;
  lessons::must(waitpid(child, &status, 0), "waitpid");
  dprintf(1, "process %d has ended before its own child\n", child);
  close(ends[1]);
  const pid_t adopted = lessons::must(wait(&status), "wait");  // any child
  dprintf(1, "reaped process %d, which this one never forked: code %d\n", adopted,
          WEXITSTATUS(status));
}

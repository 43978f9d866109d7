// wait() stands still until a child ends. waitpid(..., WNOHANG) answers at once: a pid whose status
// it took, 0 (there are children, none has ended), or -1 with ECHILD (there are no children). So a
// parent reaps its children as they end, in whatever order, and works on in between.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <lessons/must.hpp>

namespace {

/// A child that lives until its parent closes the other end of a pipe, and exits with `code`.
int start_child(int code) {
  std::array<int, 2> ends{};
  lessons::must(pipe(ends.data()), "pipe");
  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) {
    close(ends[1]);  // its own copy: while it holds one, its read would never end
    char nothing = 0;
    read(ends[0], &nothing, 1);
    _exit(code);
  }
  close(ends[0]);
  return ends[1];
}

}  // namespace

int main() {
  // The last child ends first: a child inherits the ends kept for those before it, and holds them
  // open.
  const std::array<int, 3> running{start_child(10), start_child(20), start_child(30)};
  int status = 0;
  dprintf(1, "3 children, none has ended: waitpid gives %d\n", waitpid(-1, &status, WNOHANG));

  long work_done = 0;
  for (std::size_t n = running.size(); n-- > 0;) {
    close(running[n]);  // this one ends, some time from now
    pid_t ended = 0;
    while (ended == 0) {
      ++work_done;  // the parent's own work goes on
      ended = lessons::must(waitpid(-1, &status, WNOHANG), "waitpid");
    }
    dprintf(1, "child %d ended with code %d, after %ld pieces of my own work\n", ended,
            WEXITSTATUS(status), work_done);
  }
  const pid_t nobody = waitpid(-1, &status, WNOHANG);
  dprintf(1, "no child is left: waitpid gives %d (%s)\n", nobody, strerror(errno));
}

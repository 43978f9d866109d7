// How a program that waits for descriptors hears of signals: the handler writes the signal's number
// into a pipe, and poll wakes. Everything else is done by ordinary code, which may allocate, lock
// and print. A signal that comes a moment before poll is not lost: its byte is in the pipe.
// (Bernstein's self-pipe trick. eventfd and signalfd do it with fewer descriptors.)

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <lessons/must.hpp>

namespace {

std::array<int, 2> pipe_ends;

void queue(int signal) {
  const int saved = errno;  // the interrupted code may be about to look at it
  const auto number = static_cast<char>(signal);
  write(pipe_ends[1], &number, 1);
  errno = saved;
}

void catch_signal(int signal) {
  struct sigaction action{};
  action.sa_handler = queue;
  action.sa_flags = SA_RESTART;
  lessons::must(sigaction(signal, &action, nullptr), "sigaction");
}

}  // namespace

int main() {
  // Non-blocking: a full pipe must not stop a handler for ever.
  lessons::must(pipe2(pipe_ends.data(), O_NONBLOCK | O_CLOEXEC), "pipe2");
  catch_signal(SIGCHLD);
  catch_signal(SIGTERM);
  if (lessons::must(fork(), "fork") == 0) _exit(9);

  for (bool running = true; running;) {
    pollfd watched{.fd = pipe_ends[0], .events = POLLIN, .revents = 0};  // and clients, in a server
    if (poll(&watched, 1, -1) < 0) continue;                             // EINTR: the byte is there
    char number = 0;
    while (read(pipe_ends[0], &number, 1) == 1) {
      dprintf(1, "the loop hears of SIG%s\n", sigabbrev_np(number));
      int status = 0;
      while (waitpid(-1, &status, WNOHANG) > 0) {
        dprintf(1, "  reaped a child, code %d; now SIGTERM to myself\n", WEXITSTATUS(status));
        kill(getpid(), SIGTERM);
      }
      running = running && number != SIGTERM;
    }
  }
  dprintf(1, "the loop has ended in good order\n");
}

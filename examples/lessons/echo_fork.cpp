// Multi-process: a child for each client. When a child crashes or leaks memory, no other client is
// affected; the price is a fork. The parent never reads a byte of a client, and it reaps.
//
// The same on Samjoko: echo --model process --spawn each (samjoko/serve/process_each.cpp).

#include <sys/wait.h>

#include <csignal>
#include <lessons/tcp.hpp>

namespace {

/// A loop, since many deaths may come as one signal: see sigchld_is_one_bit.cpp.
void reap(int) {
  const int saved = errno;  // accept below may be about to look at it
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  errno = saved;
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_handler = reap;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;  // a child that only stops is not dead
  lessons::must(sigaction(SIGCHLD, &action, nullptr), "sigaction");

  const int listener = lessons::listen_on_loopback();
  for (;;) {
    const int client = lessons::accept_client(listener);
    if (client < 0) continue;
    const pid_t child = fork();
    if (child == 0) {
      close(listener);
      lessons::echo_until_end(client);
      _exit(0);
    }
    if (child < 0) perror("fork");  // a limit on processes: this client is lost, the server goes on
    close(client);  // the child has its own; while ours is open the client never sees the end
  }
}

// The least server with a process for each client: a blocking accept, a fork, and on SIGCHLD a wait
// for all children that have ended. Linked statically: a fork copies the table of mappings, and
// this is the shortest.

#include <bare/bare.hpp>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace {

void reap(int) {
  const int kept = errno;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  errno = kept;
}

}  // namespace

int main(int argc, char** argv) {
  const auto chosen = bare::parse(argc, argv);
  const int listener = bare::listen_on(chosen.port, true);
  struct sigaction on_death{};
  on_death.sa_handler = reap;
  on_death.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigaction(SIGCHLD, &on_death, nullptr);
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (fork() == 0) {
      close(listener);
      bare::serve_blocking(client, chosen.what);
      _exit(0);
    }
    close(client);
  }
}

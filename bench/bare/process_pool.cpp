// The least pool of processes, forked in advance: each accepts a client, serves it to its end, and
// accepts the next. They end with their parent.

#include <bare/bare.hpp>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

int main(int argc, char** argv) {
  const auto chosen = bare::parse(argc, argv);
  const int listener = bare::listen_on(chosen.port, true);
  for (int i = 0; i < chosen.members; ++i) {
    const pid_t child = fork();
    if (child < 0) bare::give_up("fork");
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      bare::serve_clients(listener, chosen.what);
    }
  }
  while (wait(nullptr) > 0) {
  }
}

// A pending signal is one bit, not a queue: twenty children that die while SIGCHLD is blocked (or
// while its handler runs, which blocks it too) are announced once. A handler that waits once for
// each delivery leaves nineteen zombies. SIGCHLD is only a reason to look: the handler must wait
// until no child is left to reap.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <lessons/must.hpp>

namespace {

volatile sig_atomic_t deliveries = 0;
volatile sig_atomic_t reaped = 0;

/// The mistake: one waitpid for each SIGCHLD.
void reap_one(int) {
  deliveries = deliveries + 1;
  if (waitpid(-1, nullptr, WNOHANG) > 0) reaped = reaped + 1;
}

void die_and_leave_a_zombie() {
  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) _exit(0);
  siginfo_t ended{};
  lessons::must(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), "waitid");
}

}  // namespace

int main() {
  constexpr int children = 20;
  struct sigaction action{};
  action.sa_handler = reap_one;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  lessons::must(sigaction(SIGCHLD, &action, nullptr), "sigaction");

  sigset_t block;
  sigset_t before;
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigprocmask(SIG_BLOCK, &block, &before);
  for (int n = 0; n < children; ++n) die_and_leave_a_zombie();
  dprintf(1, "%d children have died, SIGCHLD is blocked: delivered %d times\n", children,
          deliveries);

  sigprocmask(SIG_SETMASK, &before, nullptr);  // what was pending is delivered before this returns
  dprintf(1, "unblocked: delivered %d time, reaped %d, zombies left %d\n", deliveries, reaped,
          children - reaped);

  int by_loop = 0;
  while (waitpid(-1, nullptr, WNOHANG) > 0) ++by_loop;
  dprintf(1, "the loop reaps the other %d, zombies left %d\n", by_loop,
          children - reaped - by_loop);
}

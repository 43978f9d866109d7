// A signal comes in the middle of whatever the process does: the handler runs, and the work goes on
// where it stood. But a sleep that is interrupted does not go on: it returns how many seconds were
// left (and no flag of sigaction changes that, man 7 signal). Press Ctrl+C.

#include <unistd.h>

#include <csignal>
#include <cstring>
#include <lessons/must.hpp>

namespace {

/// May run between any two instructions, in the middle of malloc too. So it calls only what man 7
/// signal-safety lists: write, never printf.
void say_which(int signal) {
  const char* text = signal == SIGALRM ? "  handler: SIGALRM\n" : "  handler: SIGINT\n";
  write(1, text, strlen(text));
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_handler = say_which;
  lessons::must(sigaction(SIGALRM, &action, nullptr), "sigaction");
  lessons::must(sigaction(SIGINT, &action, nullptr), "sigaction");

  alarm(1);  // the kernel sends SIGALRM in one second, once
  for (int round = 1; round <= 3; ++round) {
    dprintf(1, "round %d: sleep(20)\n", round);
    const unsigned left = sleep(20);
    dprintf(1, "round %d: %s\n", round, left > 0 ? "ended early" : "slept to the end");
  }
}

// sa_mask: what is blocked while a handler runs, besides the signal itself. A blocked signal is not
// lost: it is pending, and is delivered when the handler has returned.

#include <unistd.h>

#include <csignal>
#include <cstring>
#include <lessons/must.hpp>

namespace {

void say(const char* text) { write(1, text, strlen(text)); }

volatile sig_atomic_t depth = 0;

void on_usr2(int) { say(depth > 0 ? "    SIGUSR2, on top of it\n" : "  SIGUSR2, alone\n"); }

/// The other signal comes while this handler runs.
void on_usr1(int) {
  depth = depth + 1;
  say("  SIGUSR1 begins\n");
  raise(SIGUSR2);
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGUSR2) == 1) say("    SIGUSR2 is pending\n");
  say("  SIGUSR1 ends\n");
  depth = depth - 1;
}

void on_usr1_again(int) {
  depth = depth + 1;
  say(depth == 1 ? "  SIGUSR1 begins\n" : "    SIGUSR1, on top of itself\n");
  if (depth == 1) raise(SIGUSR1);
  if (depth == 1) say("  SIGUSR1 ends\n");
  depth = depth - 1;
}

void install(int signal, void (*handler)(int), int flags, int also_blocked) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  if (also_blocked != 0) sigaddset(&action.sa_mask, also_blocked);
  lessons::must(sigaction(signal, &action, nullptr), "sigaction");
}

}  // namespace

int main() {
  install(SIGUSR2, on_usr2, 0, 0);
  say("empty mask:\n");
  install(SIGUSR1, on_usr1, 0, 0);
  raise(SIGUSR1);
  say("SIGUSR2 in sa_mask:\n");
  install(SIGUSR1, on_usr1, 0, SIGUSR2);
  raise(SIGUSR1);
  say("its own signal, SA_NODEFER:\n");
  install(SIGUSR1, on_usr1_again, SA_NODEFER, 0);
  raise(SIGUSR1);
}

// signal() sets only the handler. Whether it stays installed, whether calls are restarted and what
// is blocked meanwhile was decided by each system in its own way, and two of these ways are in the
// same C library: the BSD way, which signal() means on Linux, and the older one of System V.
// sigaction() sets all of it, and can be asked for the present settings.

#include <unistd.h>

#include <csignal>
#include <lessons/must.hpp>

namespace {

void do_nothing(int) {}

void learn_sender(int, siginfo_t* info, void*) {
  const bool from_me = info->si_pid == getpid();
  constexpr char text[] = "             its handler was told that the sender is this process\n";
  if (from_me) write(1, text, sizeof text - 1);
}

/// What is installed for SIGUSR1, by the only call that can ask.
void report(const char* how) {
  struct sigaction now{};
  lessons::must(sigaction(SIGUSR1, nullptr, &now), "sigaction");
  const auto named = [&now](unsigned flag, const char* name) {
    return (static_cast<unsigned>(now.sa_flags) & flag) != 0 ? name : "";
  };
  dprintf(1, "%-12s %s%s%s%s%s%s\n", how, now.sa_handler == SIG_DFL ? "default action" : "handler",
          named(SA_RESTART, ", SA_RESTART"), named(SA_RESETHAND, ", SA_RESETHAND"),
          named(SA_NODEFER, ", SA_NODEFER"), named(SA_SIGINFO, ", SA_SIGINFO"),
          sigismember(&now.sa_mask, SIGTERM) == 1 ? ", mask: SIGTERM" : "");
}

}  // namespace

int main() {
  signal(SIGUSR1, do_nothing);
  report("signal");
  raise(SIGUSR1);
  report("  after one");  // still there

  sysv_signal(SIGUSR1, do_nothing);
  report("sysv_signal");
  raise(SIGUSR1);
  report("  after one");  // gone: a second SIGUSR1 would now kill this process

  struct sigaction action{};
  action.sa_sigaction = learn_sender;  // three arguments, with SA_SIGINFO
  action.sa_flags = SA_SIGINFO;
  sigaddset(&action.sa_mask, SIGTERM);
  lessons::must(sigaction(SIGUSR1, &action, nullptr), "sigaction");
  report("sigaction");
  raise(SIGUSR1);
}

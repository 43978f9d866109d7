// A zombie is what is left of a child between its end and the moment its parent asks for its
// status. Its memory is given back already; its PID and its entry in the process table are not.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <lessons/must.hpp>
#include <string>

namespace {

/// The third word of /proc/PID/stat: R running, S sleeping, Z zombie… (man 5 proc).
std::string state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return "none, there is no such process";
  return line.substr(line.rfind(')') + 2, 1);
}

pid_t child_that_ends() {
  const pid_t child = lessons::must(fork(), "fork");
  if (child == 0) _exit(7);
  return child;
}

void look_at(pid_t child) {
  std::ifstream maps("/proc/" + std::to_string(child) + "/maps");
  const bool has_memory = maps.peek() != std::ifstream::traits_type::eof();
  dprintf(1, "  state %s; memory: %s; kill(pid, 0): %s\n", state_of(child).c_str(),
          has_memory ? "yes" : "none", kill(child, 0) == 0 ? "the PID is taken" : strerror(errno));
}

}  // namespace

int main() {
  const pid_t child = child_that_ends();
  siginfo_t ended{};  // WNOWAIT: waits for the end, but leaves the status, and so the zombie
  lessons::must(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), "waitid");
  dprintf(1, "child %d has ended, nobody has asked yet\n", child);
  look_at(child);

  int status = 0;
  const pid_t reaped = waitpid(child, &status, 0);
  dprintf(1, "waitpid gives %d, code %d\n", reaped, WEXITSTATUS(status));
  look_at(child);

  struct sigaction unwanted{};       // no handler: SIG_DFL
  unwanted.sa_flags = SA_NOCLDWAIT;  // no process will wait: its children vanish at once
  lessons::must(sigaction(SIGCHLD, &unwanted, nullptr), "sigaction");
  const pid_t forgotten = child_that_ends();
  const pid_t answer = waitpid(forgotten, &status, 0);  // still waits, but has no status to report
  dprintf(1, "with SA_NOCLDWAIT waitpid gives %d (%s)\n", answer, strerror(errno));
  while (kill(forgotten, 0) == 0) sched_yield();  // the kernel may still be clearing it away
  look_at(forgotten);
}

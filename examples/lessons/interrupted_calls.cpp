// A blocking call that a handler interrupts fails with EINTR, unless the handler was installed with
// SA_RESTART: then the kernel goes on with the call. Some calls are never restarted, flag or not:
// poll, select, epoll_wait, sleep, and waits with a time limit (man 7 signal).

#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <lessons/must.hpp>

namespace {

std::array<int, 2> ends;
volatile sig_atomic_t deliveries = 0;
volatile sig_atomic_t write_at = 0;  // the delivery that brings a byte; 0: none does

void on_alarm(int) {
  deliveries = deliveries + 1;
  if (deliveries == write_at) write(ends[1], "x", 1);
}

/// Sends SIGALRM every 10 ms from now on, so that one of them comes while the process waits.
void knock(int flags, int delivery_with_byte) {
  deliveries = 0;
  write_at = delivery_with_byte;
  struct sigaction action{};
  action.sa_handler = on_alarm;
  action.sa_flags = flags;
  lessons::must(sigaction(SIGALRM, &action, nullptr), "sigaction");
  const itimerval every{.it_interval = {0, 10'000}, .it_value = {0, 10'000}};
  setitimer(ITIMER_REAL, &every, nullptr);
}

void report(const char* call, long answer) {
  const int code = errno;
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  dprintf(1, "%s = %ld (%s)\n", call, answer, answer < 0 ? strerror(code) : "one byte");
}

}  // namespace

int main() {
  lessons::must(pipe(ends.data()), "pipe");
  char byte = 0;
  knock(0, 0);
  report("without SA_RESTART: read", read(ends[0], &byte, 1));
  knock(SA_RESTART, 3);
  report("with SA_RESTART:    read", read(ends[0], &byte, 1));
  dprintf(1, "                    3 signals came, the third brought a byte\n");
  knock(SA_RESTART, 0);
  pollfd input{.fd = ends[0], .events = POLLIN, .revents = 0};
  report("with SA_RESTART:    poll", poll(&input, 1, -1));
}

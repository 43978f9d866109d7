// The load generator: puts a server under one kind of load, in two phases (warming up, measured),
// and counts operations and errors. Between the phases it waits for a line on standard input, so
// that the measuring program reads the server's counters while the server is idle.

#include <load/crowd.hpp>

#include <sys/resource.h>

#include <csignal>
#include <cstdio>

namespace {

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

/// Reports a phase and waits; returns whether another phase follows.
bool report(const load::phase& done, double cpu) {
  std::printf("{\"operations\": %llu, \"errors\": %llu, \"seconds\": %.6f, \"cpu\": %.6f}\n",
              static_cast<unsigned long long>(done.operations),
              static_cast<unsigned long long>(done.errors), done.seconds, cpu);
  std::fflush(stdout);
  for (;;) {
    const int got = std::getchar();
    if (got == '\n' || got == EOF) return got == '\n';
  }
}

bool run_phase(load::crowd& clients, double seconds, std::uint64_t operations) {
  const auto before = cpu_seconds();
  const auto done = clients.run(seconds, operations);
  return report(done, cpu_seconds() - before);
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  const auto to_do = load::parse(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  load::crowd clients(to_do);
  if (to_do.holds) {
    auto held = clients.hold();
    if (!report(held, cpu_seconds())) return 1;
    held.errors = clients.count_lost();
    report(held, cpu_seconds());
    return 0;
  }
  if (!run_phase(clients, to_do.warm_seconds, to_do.warm_operations)) return 1;
  run_phase(clients, to_do.seconds, to_do.operations);
}

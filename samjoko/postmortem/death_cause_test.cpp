#include <samjoko/postmortem/death_cause.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace samjoko::postmortem {
namespace {

constexpr pid_t self = 4711;
constexpr pid_t stranger = 99;

struct row {
  const char* what;
  death_evidence known;
  death_cause cause;
  certainty sure;
};

death_evidence exited(int code) {
  return {.pid = self, .status = os::exit_status::exited(code), .caught = {}, .memory = {}};
}
death_evidence killed(int signal, caught_signal caught = {}, memory_evidence memory = {}) {
  return {
      .pid = self, .status = os::exit_status::killed(signal), .caught = caught, .memory = memory};
}
death_evidence for_limit(death_evidence of, own_limit limit) {
  of.limit = limit;
  return of;
}
death_evidence told(death_evidence of) {
  of.signalled_by = stranger;
  return of;
}
memory_evidence memory(bool own, std::uint64_t before, std::uint64_t after, std::uint64_t killed,
                       std::uint64_t told = 0) {
  return {
      .known = true, .own = own, .before = before, .after = after, .told = told, .killed = killed};
}

constexpr auto unknown = death_cause::unknown;
constexpr auto own_exit = death_cause::own_exit;
constexpr auto crash = death_cause::crash;
constexpr auto aborted = death_cause::abort;
constexpr auto out_of_memory = death_cause::out_of_memory;
constexpr auto by_limit = death_cause::own_limit;
constexpr auto by_signal = death_cause::signal;

std::vector<row> rows() {
  constexpr auto proved = certainty::proved;
  constexpr auto likely = certainty::likely;
  constexpr auto unknown_sure = certainty::unknown;
  return {
      {"exit 0, unasked", exited(0), own_exit, proved},
      {"exit 7", exited(7), own_exit, proved},
      {"exit 125", exited(125), own_exit, proved},
      {"exit 0 after somebody's TERM", told(exited(0)), by_signal, proved},
      {"exit 3 after somebody's TERM: its own failure", told(exited(3)), own_exit, proved},
      {"exit 0 because the boot limit passed", for_limit(exited(0), own_limit::boot), by_limit,
       proved},
      {"killed because it was stuck", for_limit(killed(SIGKILL), own_limit::stuck), by_limit,
       proved},
      {"killed at the grace limit", for_limit(killed(SIGKILL), own_limit::grace), by_limit, proved},
      {"a crash while our limit ran",
       for_limit(killed(SIGSEGV, {SIGSEGV, SEGV_MAPERR, 0}), own_limit::drain), crash, proved},
      {"segv by the kernel", killed(SIGSEGV, {SIGSEGV, SEGV_MAPERR, 0}), crash, proved},
      {"bus", killed(SIGBUS, {SIGBUS, BUS_ADRERR, 0}), crash, proved},
      {"fpe", killed(SIGFPE, {SIGFPE, FPE_INTDIV, 0}), crash, proved},
      {"ill", killed(SIGILL, {SIGILL, ILL_ILLOPN, 0}), crash, proved},
      {"segv sent by a process", killed(SIGSEGV, {SIGSEGV, SI_USER, stranger}), by_signal, proved},
      {"segv raised by itself", killed(SIGSEGV, {SIGSEGV, SI_TKILL, self}), crash, proved},
      {"segv that was not caught", killed(SIGSEGV), crash, likely},
      {"abort", killed(SIGABRT, {SIGABRT, SI_TKILL, self}), aborted, proved},
      {"ABRT sent by a process", killed(SIGABRT, {SIGABRT, SI_USER, stranger}), by_signal, proved},
      {"abort that was not caught", killed(SIGABRT), aborted, likely},
      {"HUP from somebody", killed(SIGHUP, {SIGHUP, SI_USER, stranger}), by_signal, proved},
      {"a limit on processor time", killed(SIGXCPU, {SIGXCPU, SI_KERNEL, 0}), by_signal, proved},
      {"TERM that was not caught", killed(SIGTERM), by_signal, likely},
      {"another signal was caught than it died of", killed(SIGSEGV, {SIGABRT, SI_TKILL, self}),
       crash, likely},
      {"KILL, and no counter could be read", killed(SIGKILL), unknown, unknown_sure},
      {"KILL, nothing counted", killed(SIGKILL, {}, memory(false, 4, 4, 1)), by_signal, likely},
      {"KILL, nothing counted in its own cgroup", killed(SIGKILL, {}, memory(true, 4, 4, 1)),
       by_signal, likely},
      {"KILL, its own cgroup counted", killed(SIGKILL, {}, memory(true, 4, 5, 1)), out_of_memory,
       proved},
      {"KILL, a shared one counted enough", killed(SIGKILL, {}, memory(false, 4, 6, 2)),
       out_of_memory, likely},
      {"KILL, a shared one counted too few for all", killed(SIGKILL, {}, memory(false, 4, 5, 2)),
       unknown, unknown_sure},
      {"KILL, all that was counted is told already", killed(SIGKILL, {}, memory(false, 4, 6, 1, 2)),
       by_signal, likely},
      {"KILL, the counter began anew", killed(SIGKILL, {}, memory(false, 9, 0, 1)), by_signal,
       likely},
  };
}

TEST(death_cause, every_row_of_the_judgement) {
  for (const auto& each : rows())
    EXPECT_EQ(cause_of(each.known), (cause_found{each.cause, each.sure})) << each.what;
}

TEST(death_cause, only_kill_and_exit_can_be_our_own_limit) {
  for (int signal = 1; signal < 65; ++signal) {
    const auto found = cause_of(for_limit(killed(signal), own_limit::stuck));
    EXPECT_EQ(found.cause == by_limit, signal == SIGKILL) << signal;
  }
}

TEST(death_cause, nothing_uncaught_is_proved) {
  for (int signal = 1; signal < 65; ++signal)
    EXPECT_NE(cause_of(killed(signal)).sure, certainty::proved) << signal;
}

}  // namespace
}  // namespace samjoko::postmortem

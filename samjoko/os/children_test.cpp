#include <samjoko/os/children.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/signals.hpp>
#include <samjoko/os/subreaper.hpp>

namespace samjoko::os {
namespace {

bool fails_with(const result<void>& done, int code) { return !done && done.error().is(code); }

class pipe_pair {
 public:
  pipe_pair() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    out_ = descriptor(ends[0]);
    in_ = descriptor(ends[1]);
  }
  [[nodiscard]] int out() const { return out_.get(); }
  void close_in() { in_.reset(); }

 private:
  descriptor out_, in_;
};

void wait_for_end_of_file(int from) {
  char byte = 0;
  while (::read(from, &byte, 1) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void end_as(exit_status wanted) {
  if (wanted.how() == ending::killed) {
    reset_all_signals();  // a sanitizer catches SIGSEGV and its like, and exits
    ::kill(::getpid(), wanted.signal());
  }
  leave_process(wanted.how() == ending::exited ? wanted.code() : 99);
}

exit_status planned(int number) {
  constexpr std::array signals = {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGUSR1};
  if (number % 5 < 2) {
    return exit_status::killed(signals[static_cast<std::size_t>(number) % signals.size()]);
  }
  return exit_status::exited(number % 256);
}

/// Collects until all are reaped, waiting on the queue only: a lost wake-up would show as a
/// time-out.
template <class OnReport>
void collect(children& all, signal_queue& queue, OnReport on_report) {
  while (!all.empty()) {
    ASSERT_TRUE(wait_readable(queue.descriptor(), deadline::after(std::chrono::seconds(60))))
        << all.size() << " children were never reported";
    (void)queue.take();
    all.reap(on_report);
  }
}

bool same_end(const exit_status& seen,
              const exit_status& wanted) {  // but for a core, which is the host's
  if (seen.how() != wanted.how()) return false;
  return seen.how() == ending::exited ? seen.code() == wanted.code()
                                      : seen.signal() == wanted.signal();
}

std::size_t zombies_among_children() {
  std::size_t count = 0;
  for (const auto pid : children_of_this_thread()) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(") ");
    count += name_end != std::string::npos && text[name_end + 2] == 'Z' ? 1 : 0;
  }
  return count;
}

/// Forks `count` children, lets them die at once, and sees that each is reported once, and right.
/// Returns how long it took from the last death to the last report.
steady::duration one_storm(int count) {
  auto queue = signal_queue::open({SIGCHLD});
  EXPECT_TRUE(queue);
  pipe_pair gate;
  children all(16);
  std::map<pid_t, int> numbers;
  for (int number = 0; number < count; ++number) {
    const auto made = fork_process();
    EXPECT_TRUE(made) << made.error().sentence();
    if (!made) break;
    if (made->in_child()) {
      gate.close_in();
      wait_for_end_of_file(gate.out());
      end_as(planned(number));
    }
    all.add(made->pid, static_cast<std::uint64_t>(number));
    numbers[made->pid] = number;
  }
  gate.close_in();
  const auto let_go = steady::now();
  int right = 0;
  collect(all, *queue, [&](const children::report& told) {
    EXPECT_TRUE(told.known);
    EXPECT_FALSE(all.contains(told.pid));
    EXPECT_EQ(told.tag, static_cast<std::uint64_t>(numbers.at(told.pid)));
    right += same_end(told.status, planned(numbers.at(told.pid))) ? 1 : 0;
  });
  const auto last_report = steady::now();
  EXPECT_EQ(right, count);
  EXPECT_EQ(zombies_among_children(), 0U);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  return last_report - let_go;
}

// SIGCHLD is one bit: "one wait per signal" left 9,730 of 10,000 zombies where this was measured.
// LONG_TESTS=1: ten times ten thousand.
TEST(children, two_thousand_that_die_at_once_are_all_reported_right) {
  const char* said = std::getenv("LONG_TESTS");
  const bool is_long = said != nullptr && std::string_view(said) == "1";
  steady::duration slowest{};
  for (int turn = 0; turn < (is_long ? 10 : 1); ++turn)
    slowest = std::max(slowest, one_storm(is_long ? 10'000 : 2000));
  const auto milliseconds_taken = std::chrono::duration_cast<milliseconds>(slowest).count();
  RecordProperty("milliseconds from letting go to the last report",
                 std::to_string(milliseconds_taken));
}

TEST(children, without_any_there_is_nothing_to_reap) {
  children none;
  EXPECT_EQ(none.reap([](const children::report&) { FAIL(); }), 0U);
}

TEST(children, a_dead_pid_is_never_signalled) {
  children all;
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    ::pause();
    leave_process(0);
  }
  EXPECT_TRUE(fails_with(all.send(made->pid, 0), ESRCH));  // not ours yet
  all.add(made->pid);
  ASSERT_TRUE(all.send(made->pid, SIGTERM));
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(made->pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(all.reap([&](const children::report& told) {
    EXPECT_EQ(told.status, exit_status::killed(SIGTERM));
    EXPECT_TRUE(fails_with(all.send(told.pid, SIGTERM), ESRCH));
  }),
            1U);
  EXPECT_TRUE(all.empty());
}

TEST(children, stops_are_told_when_wanted_and_the_child_stays) {
  children all;
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    ::raise(SIGSTOP);
    leave_process(7);
  }
  all.add(made->pid);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(made->pid), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_EQ(all.reap([](const children::report&) { FAIL(); }), 0U);
  all.reap([](const children::report& told) { EXPECT_EQ(told.status.how(), ending::stopped); },
           children::watch::stops_too);
  EXPECT_TRUE(all.contains(made->pid));
  ASSERT_TRUE(all.send(made->pid, SIGCONT));
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(made->pid), &info, WEXITED | WNOWAIT), 0);
  all.reap([](const children::report& told) { EXPECT_EQ(told.status, exit_status::exited(7)); });
  EXPECT_TRUE(all.empty());
}

TEST(children, an_end_is_noted_while_the_number_is_still_the_childs) {
  children all;
  std::vector<pid_t> made;
  for (const int code : {3, 0}) {
    const auto forked = fork_process();
    ASSERT_TRUE(forked);
    if (forked->in_child()) leave_process(code);
    all.add(forked->pid);
    made.push_back(forked->pid);
  }
  std::map<pid_t, exit_status> noted;
  std::map<pid_t, exit_status> told;
  while (!all.empty()) {
    siginfo_t ended = {};
    ASSERT_EQ(::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);
    all.reap_noted(
        [&](pid_t pid, const exit_status& status) {
          siginfo_t again = {};
          EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &again, WEXITED | WNOWAIT), 0);
          EXPECT_FALSE(told.contains(pid));
          noted.emplace(pid, status);
        },
        [&](const children::report& dead) { told.emplace(dead.pid, dead.status); });
  }
  EXPECT_EQ(noted, told);
  EXPECT_EQ(told.at(made[0]), exit_status::exited(3));
  EXPECT_EQ(told.at(made[1]), exit_status::exited(0));
}

// In a process of its own, so that the adopted orphan does not reach other tests.
int adopt_and_reap() {
  if (!become_subreaper()) return 1;
  const auto middle = fork_process();
  if (!middle) return 2;
  if (middle->in_child()) {
    const auto orphan = fork_process();
    leave_process(orphan ? (orphan->in_child() ? 42 : 0) : 9);
  }
  children all;
  all.add(middle->pid);
  int orphans = 0;
  while (true) {
    siginfo_t info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0) break;
    all.reap([&](const children::report& told) {
      if (!told.known && told.status == exit_status::exited(42)) ++orphans;
    });
  }
  return orphans == 1 && all.empty() ? 0 : 3;
}

TEST(children, an_adopted_orphan_is_reaped_and_reported_as_unknown) {
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) leave_process(adopt_and_reap());
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(exit_status::from_wait(status), exit_status::exited(0));
}

TEST(children_death, a_pid_that_means_a_group_is_our_bug) {
  children all;
  EXPECT_DEATH(all.add(0), "groups of processes");
  EXPECT_DEATH(all.add(-1), "groups of processes");
}

// The set alone, with pids that never ran: against std::set over random adds, the forgetting being
// done by destruction of a copy, since only a death forgets.
TEST(children, holds_any_mix_of_numbers) {
  std::mt19937 random(1);
  std::set<pid_t> model;
  children all(8);
  for (int i = 0; i < 5000; ++i) {
    const auto pid = static_cast<pid_t>(random() % 32768 + 1);
    if (model.insert(pid).second) all.add(pid, static_cast<std::uint64_t>(pid) * 3);
  }
  EXPECT_EQ(all.size(), model.size());
  for (pid_t pid = 1; pid <= 32768; ++pid) ASSERT_EQ(all.contains(pid), model.contains(pid)) << pid;
  std::size_t seen = 0;
  all.for_each([&](pid_t pid, std::uint64_t tag) {
    ++seen;
    ASSERT_EQ(tag, static_cast<std::uint64_t>(pid) * 3);
  });
  EXPECT_EQ(seen, model.size());
}

TEST(pidfd, is_readable_at_the_end_and_does_not_reach_a_successor) {
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    ::pause();
    leave_process(0);
  }
  auto process = open_pidfd(made->pid);
  ASSERT_TRUE(process) << process.error().sentence();
  ASSERT_TRUE(send_signal(*process, SIGKILL));
  EXPECT_TRUE(wait_readable(process->get(), deadline::after(std::chrono::seconds(10))));
  ASSERT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
  EXPECT_TRUE(fails_with(send_signal(*process, SIGKILL), ESRCH));
  EXPECT_FALSE(open_pidfd(made->pid));
}

TEST(process_death, forking_with_a_second_thread_is_our_bug) {
  check_single_threaded();  // alone: nothing happens
  EXPECT_DEATH(
      {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        std::jthread other([&] { wait_for_end_of_file(ends[0]); });
        check_single_threaded();
      },
      "must have one thread");
}

}  // namespace
}  // namespace samjoko::os

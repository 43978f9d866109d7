#include <samjoko/os/children.hpp>

#include <sys/resource.h>
#include <sys/wait.h>

#include <bit>
#include <cerrno>
#include <csignal>
#include <utility>

#include <samjoko/base/check.hpp>
#include <samjoko/os/subreaper.hpp>

namespace samjoko::os {
namespace {

std::int64_t microseconds_of(const timeval& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

}  // namespace

children::children(std::size_t expected)
    : table_(std::bit_ceil(2 * (expected < 8 ? std::size_t{8} : expected))) {}

void children::add(pid_t pid, std::uint64_t tag) {
  SAMJOKO_CHECK(pid > 0, "0 and -1 mean groups of processes to kill(2)");
  SAMJOKO_CHECK(!contains(pid), "a living pid is given once");
  if (2 * (used_ + 1) > table_.size()) grow();
  insert({pid, tag});
}

std::optional<waited> children::wait_any(watch what) { return wait_for(-1, what); }

std::optional<waited> children::wait_for(pid_t child, watch what) {
  const int options = WNOHANG | (what == watch::stops_too ? WUNTRACED | WCONTINUED : 0);
  int status = 0;
  rusage used = {};
  pid_t pid = -1;
  do {
    pid = ::wait4(child, &status, options, &used);
  } while (pid < 0 && errno == EINTR);
  if (pid <= 0) {  // no child has ended, or (ECHILD) no child is left
    SAMJOKO_CHECK(pid == 0 || errno == ECHILD, "waitpid was misused");
    return std::nullopt;
  }
  return waited{pid,
                exit_status::from_wait(status),
                {microseconds_of(used.ru_utime), microseconds_of(used.ru_stime), used.ru_maxrss}};
}

std::optional<waited> children::next_ended() {
  siginfo_t told = {};
  int answer = -1;
  do {
    answer = ::waitid(P_ALL, 0, &told, WEXITED | WNOHANG | WNOWAIT);
  } while (answer != 0 && errno == EINTR);
  SAMJOKO_CHECK(answer == 0 || errno == ECHILD, "waitid was misused");
  if (answer != 0 || told.si_pid == 0) return std::nullopt;
  const auto status = told.si_code == CLD_EXITED
                          ? exit_status::exited(told.si_status)
                          : exit_status::killed(told.si_status, told.si_code == CLD_DUMPED);
  return waited{told.si_pid, status};
}

children::report children::recognise(const waited& told) {
  const auto place = find(told.pid);
  if (place == nowhere) return {told.pid, told.status, false, 0, told.used};
  const auto tag = table_[place].tag;
  if (told.status.is_end()) erase(place);
  return {told.pid, told.status, true, tag, told.used};
}

result<void> children::send(pid_t pid, int signal) const {
  if (!contains(pid)) return failure(ESRCH, "kill", std::to_string(pid));
  return send_to_child(pid, signal);
}

std::size_t children::home_of(pid_t pid) const noexcept {
  return static_cast<std::size_t>(pid) & (table_.size() - 1);
}

std::size_t children::find(pid_t pid) const noexcept {
  for (auto at = home_of(pid); table_[at].pid != 0; at = (at + 1) & (table_.size() - 1)) {
    if (table_[at].pid == pid) return at;
  }
  return nowhere;
}

void children::insert(entry added) noexcept {
  auto at = home_of(added.pid);
  while (table_[at].pid != 0) at = (at + 1) & (table_.size() - 1);
  table_[at] = added;
  ++used_;
}

// Closes the gap by moving back the entries that probing had pushed past it (Knuth, volume 3, 6.4,
// algorithm R).
void children::erase(std::size_t gap) noexcept {
  const auto mask = table_.size() - 1;
  for (auto at = (gap + 1) & mask; table_[at].pid != 0; at = (at + 1) & mask) {
    const auto pushed = (at - home_of(table_[at].pid)) & mask;
    const auto distance = (at - gap) & mask;
    if (pushed < distance) continue;
    table_[gap] = table_[at];
    gap = at;
  }
  table_[gap] = {};
  --used_;
}

void children::grow() {
  auto old = std::exchange(table_, std::vector<entry>(2 * table_.size()));
  used_ = 0;
  for (const auto& place : old) {
    if (place.pid != 0) insert(place);
  }
}

}  // namespace samjoko::os

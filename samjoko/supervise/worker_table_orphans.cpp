// What workers leave behind: processes that the master has adopted (os/subreaper.hpp), the programs
// of handlers among them. Each is told to end before it is killed.
#include <samjoko/supervise/worker_table.hpp>

#include <algorithm>
#include <array>
#include <csignal>

#include <samjoko/log/writer.hpp>

namespace samjoko::supervise {

std::vector<pid_t> worker_table::orphans() const {
  auto found = kernel_.children();
  std::erase_if(found, [this](pid_t each) {
    return children_.contains(each) ||
           std::ranges::find(children_before_, each) != children_before_.end();
  });
  return found;
}

void worker_table::kill_orphans() {
  for (const auto pid : orphans()) kill_orphan(pid);
}

void worker_table::kill_orphan(pid_t orphan) {
  log::warning(log::every("kill"), "process {}, left behind by a worker, is killed", orphan);
  const auto done = kernel_.kill(orphan, {}, SIGKILL);
  if (!done) return log::error("kill failed", "{}", done.error().sentence());
  killed_.insert(orphan);
}

bool worker_table::tell_to_end(pid_t orphan, deadline kill_at) {
  const auto [place, is_new] = ended_.try_emplace(orphan, kill_at);
  if (!is_new) return false;
  log::info("orphan", "process {}, left behind by a worker, is told to end", orphan);
  static constexpr std::array both{SIGTERM, SIGCONT};
  // The descendants are told before they become orphans too, one by one; they are not told again.
  for (const auto each : kernel_.signal_descendants(orphan, both))
    ended_.try_emplace(each, kill_at);
  static_cast<void>(kernel_.kill(orphan, {}, SIGTERM));  // ESRCH: it has just ended
  static_cast<void>(kernel_.kill(orphan, {}, SIGCONT));  // a stopped process does not hear TERM
  return true;
}

void worker_table::tell_programs_to_end() {
  for (const auto each : orphans()) {
    if (kernel_.worker_of_program(each)) tell_to_end(each, deadline::never());
  }
}

void worker_table::end_programs_of_the_dead(milliseconds grace) {
  if (fallen_.empty()) return;
  const auto now = kernel_.now();
  bool any_left = false;
  const auto left = orphans();
  for (const auto each : left) {
    const auto worker = kernel_.worker_of_program(each);
    const bool is_theirs = worker && std::ranges::find(fallen_, *worker) != fallen_.end();
    any_left |= is_theirs || !worker;  // a client's process leaves its programs to us in turn
    if (!is_theirs) continue;
    tell_to_end(each, deadline(now + grace));
    if (auto& kill_at = ended_[each]; kill_at.passed(now)) {
      static constexpr std::array kill{SIGKILL};
      kernel_.signal_descendants(each, kill);
      kill_orphan(each);
      kill_at = deadline(now + grace);
    }
  }
  if (!any_left) fallen_.clear();
  // Some descendants that were told are never adopted: their parents reap them.
  std::erase_if(ended_, [&](const auto& each) {
    return (fallen_.empty() || each.second.passed(now)) &&
           std::ranges::find(left, each.first) == left.end();
  });
}

deadline worker_table::next_kill() const noexcept {
  auto next = deadline::never();
  if (fallen_.empty()) return next;
  for (const auto& [pid, kill_at] : ended_) next = std::min(next, kill_at);
  return next;
}

}  // namespace samjoko::supervise

#include <samjoko/supervise/stuck_watchdog.hpp>

#include <algorithm>
#include <utility>

#include <samjoko/os/process_facts.hpp>
#include <samjoko/postmortem/crash_handler.hpp>

namespace samjoko::supervise {
namespace {

constexpr milliseconds between_looks_for_answers{10};
/// More cells than any box has.
constexpr std::size_t cells_of_a_worker = std::size_t{1} << 20;

std::uint32_t worker_of(const stuck_thread& found) {
  return static_cast<std::uint32_t>(found.cell / cells_of_a_worker + 1);
}

bool is_stopped(pid_t pid) {
  const auto facts = os::facts_of_process(pid);
  return facts && facts->is_stopped();
}

}  // namespace

stuck_watchdog::stuck_watchdog(std::span<postmortem::black_box* const> boxes, milliseconds timeout,
                               end_process end, std::function<bool(std::uint32_t, pid_t)> is_of)
    : boxes_(boxes),
      watch_(boxes.empty() ? milliseconds(0) : timeout),
      end_(std::move(end)),
      is_of_(std::move(is_of)) {}

deadline stuck_watchdog::next_time() const noexcept {
  auto next = watch_.next_time();
  for (const auto& each : stuck_) next = std::min(next, each.look_again);
  return next;
}

void stuck_watchdog::tend(steady::time_point now) {
  if (!watch_.is_on()) return;
  for (auto& each : std::exchange(stuck_, {})) {
    if (has_answered(each) || each.until.passed(now)) {
      end_stuck(each);
    } else {
      each.look_again = deadline(now + between_looks_for_answers);
      stuck_.push_back(each);
    }
  }
  if (watch_.next_time().passed(now)) look(now);
}

void stuck_watchdog::look(steady::time_point now) {
  seen_.clear();
  for (std::size_t n = 0; n < boxes_.size(); ++n) {
    if (boxes_[n] == nullptr) continue;
    const auto cells = boxes_[n]->cells;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto owner = cells[i].owner.load();  // once: its writer may change it meanwhile
      if (owner == 0 || cells[i].dying.load() != 0) continue;
      seen_.push_back({n * cells_of_a_worker + i, static_cast<pid_t>(owner >> 32),
                       static_cast<pid_t>(owner & 0xffff'ffff), cells[i].step.load()});
    }
  }
  for (const auto& found : watch_.look(now, seen_, is_stopped)) ask_for_stack(found, now);
}

// One capture for a process is enough: it marks all stuck threads.
void stuck_watchdog::ask_for_stack(const stuck_thread& found, steady::time_point now) {
  const auto worker = worker_of(found);
  if (is_of_ && !is_of_(worker, found.pid)) return;
  auto& box = box_of(worker);
  auto& cell = box.cells[found.cell % cells_of_a_worker];
  cell.ended_for.store(static_cast<std::uint8_t>(postmortem::own_limit::stuck));
  cell.ended_after.store(static_cast<std::uint32_t>(watch_.timeout().count()));
  const bool known = std::ranges::any_of(
      stuck_, [&](const stuck_process& each) { return each.thread.pid == found.pid; });
  if (known) return;
  stuck_process one{found, worker, 0, deadline(now), deadline(now)};
  if (!box.captures.empty()) {
    // An answer that came too late for an earlier question would keep its place for the process's
    // life.
    while (auto* late =
               postmortem::find_capture(box.captures, found.pid, postmortem::capture_reason::asked))
      postmortem::release(*late);
    one.ticket = ++last_ticket_ == 0 ? ++last_ticket_ : last_ticket_;
    if (postmortem::request_capture(found.pid, found.tid, one.ticket))
      one.until = deadline(now + time_to_answer);
    one.look_again = deadline(now + between_looks_for_answers);
  }
  stuck_.push_back(one);
}

bool stuck_watchdog::still_runs(const stuck_thread& found) const noexcept {
  const auto& cell = box_of(worker_of(found)).cells[found.cell % cells_of_a_worker];
  return scoreboard::process_of(cell) == found.pid && scoreboard::thread_of(cell) == found.tid &&
         cell.step.load() == found.step;
}

bool stuck_watchdog::has_answered(const stuck_process& one) const noexcept {
  return one.ticket != 0 && postmortem::find_answer(box_of(one.worker).captures, one.thread.pid,
                                                    one.ticket) != nullptr;
}

void stuck_watchdog::end_stuck(const stuck_process& one) {
  if (still_runs(one.thread))
    return end_(one.worker, one.thread.pid, postmortem::own_limit::stuck, watch_.timeout());
  // The thread moved on at the last moment: the questions to its process are withdrawn.
  for (auto& cell : box_of(one.worker).cells) {
    if (scoreboard::process_of(cell) != one.thread.pid) continue;
    cell.ended_after.store(0);
    cell.ended_for.store(0);
  }
  if (auto* answer =
          postmortem::find_answer(box_of(one.worker).captures, one.thread.pid, one.ticket))
    postmortem::release(*answer);
}

}  // namespace samjoko::supervise

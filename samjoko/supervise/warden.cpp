#include <samjoko/supervise/warden.hpp>

#include <algorithm>
#include <utility>

#include <samjoko/os/crash_handler.hpp>
#include <samjoko/os/process_facts.hpp>

namespace samjoko::supervise {
namespace {

constexpr milliseconds between_looks_for_answers{10};

bool is_stopped(pid_t pid) {
  const auto facts = os::facts_of_process(pid);
  return facts && facts->is_stopped();
}

}  // namespace

warden::warden(os::black_box* box, milliseconds timeout,
               std::function<void(pid_t, os::own_limit, milliseconds)> end,
               std::function<bool(pid_t)> is_ours)
    : box_(box),
      watch_(box == nullptr || box->cells.empty() ? milliseconds(0) : timeout),
      end_(std::move(end)),
      is_ours_(std::move(is_ours)) {}

deadline warden::next_time() const noexcept {
  auto next = watch_.next_time();
  for (const auto& each : convicted_) next = std::min(next, each.look_again);
  return next;
}

void warden::tend(steady::time_point now) {
  if (!watch_.is_on()) return;
  for (auto& each : std::exchange(convicted_, {})) {
    if (has_answered(each) || each.until.passed(now)) {
      carry_out(each);
    } else {
      each.look_again = deadline(now + between_looks_for_answers);
      convicted_.push_back(each);
    }
  }
  if (watch_.next_time().passed(now)) look(now);
}

void warden::look(steady::time_point now) {
  seen_.clear();
  for (std::size_t i = 0; i < box_->cells.size(); ++i) {
    const auto& cell = box_->cells[i];
    if (cell.owner.load(std::memory_order_relaxed) == 0 || cell.dying.load() != 0) continue;
    seen_.push_back({i, os::process_of(cell), os::thread_of(cell), cell.step.load()});
  }
  for (const auto& found : watch_.look(now, seen_, is_stopped)) convict(found, now);
}

// One capture for a process is enough; all its stuck threads are marked.
void warden::convict(const stuck_thread& found, steady::time_point now) {
  if (is_ours_ && !is_ours_(found.pid)) return;
  auto& cell = box_->cells[found.cell];
  cell.ended_for.store(static_cast<std::uint8_t>(os::own_limit::stuck));
  cell.ended_after.store(static_cast<std::uint32_t>(watch_.timeout().count()));
  const bool known = std::ranges::any_of(
      convicted_, [&](const convicted& each) { return each.thread.pid == found.pid; });
  if (known) return;
  convicted one{found, 0, deadline(now), deadline(now)};
  if (!box_->captures.empty()) {
    // What came too late for the question before would keep its place for as long as they live.
    while (auto* late = os::find_capture(box_->captures, found.pid, os::capture_reason::asked))
      os::release(*late);
    one.ticket = ++last_ticket_ == 0 ? ++last_ticket_ : last_ticket_;
    if (os::request_capture(found.pid, found.tid, one.ticket))
      one.until = deadline(now + time_to_answer);
    one.look_again = deadline(now + between_looks_for_answers);
  }
  convicted_.push_back(one);
}

bool warden::still_runs(const stuck_thread& found) const noexcept {
  const auto& cell = box_->cells[found.cell];
  return os::process_of(cell) == found.pid && os::thread_of(cell) == found.tid &&
         cell.step.load() == found.step;
}

bool warden::has_answered(const convicted& one) const noexcept {
  return one.ticket != 0 && os::find_answer(box_->captures, one.thread.pid, one.ticket) != nullptr;
}

void warden::carry_out(const convicted& one) {
  if (still_runs(one.thread)) return end_(one.thread.pid, os::own_limit::stuck, watch_.timeout());
  // It came back at the last moment: whatever was asked of it is forgotten.
  for (auto& cell : box_->cells) {
    if (os::process_of(cell) != one.thread.pid) continue;
    cell.ended_after.store(0);
    cell.ended_for.store(0);
  }
  if (auto* answer = os::find_answer(box_->captures, one.thread.pid, one.ticket))
    os::release(*answer);
}

}  // namespace samjoko::supervise

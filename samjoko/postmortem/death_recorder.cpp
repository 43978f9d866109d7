#include <samjoko/postmortem/death_recorder.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/postmortem/captured_facts.hpp>
#include <samjoko/postmortem/death_cause.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/postmortem/oom_kills.hpp>

namespace samjoko::postmortem {
namespace {

bool is_foreign_kill(const death_report& dead) {
  return dead.status.how() == os::ending::killed && dead.status.signal() == SIGKILL &&
         dead.limit == own_limit::none;
}

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<milliseconds>(os::wall_now().time_since_epoch()).count();
}

/// The thread that a death is about, among the threads of the process: the thread that is named, or
/// that called exit, or the only one.
const scoreboard::thread_slot* cell_of_death(std::span<scoreboard::thread_slot> cells,
                                             const death_report& dead, pid_t thread) {
  const scoreboard::thread_slot* only = nullptr;
  std::size_t count = 0;
  for (const auto& cell : cells) {
    if (scoreboard::process_of(cell) != dead.pid) continue;
    if (thread != 0 && scoreboard::thread_of(cell) == thread) return &cell;
    if (thread == 0 && cell.called_exit.load() != 0) return &cell;
    only = &cell;
    ++count;
  }
  return thread == 0 && count == 1 && dead.role != death_role::worker ? only : nullptr;
}

void copy_status(death_record& record, const os::exit_status& status) {
  record.exited = status.how() == os::ending::exited;
  if (record.exited) {
    record.code = static_cast<std::uint8_t>(status.code());
  } else {
    record.signal = static_cast<std::uint8_t>(status.signal());
    record.core_dumped = status.core_dumped();
  }
}

death_record begin_record(const death_report& dead) {
  death_record record;
  record.when_ms = wall_milliseconds();
  record.pid = dead.pid;
  record.role = dead.role;
  record.worker = dead.worker;
  record.generation = dead.generation;
  record.title.assign(dead.title);
  record.model.assign(dead.model);
  record.age_ms = dead.age_ms;
  record.clients = dead.clients;
  record.user_us = dead.used.user_us;
  record.system_us = dead.used.system_us;
  record.most_memory_kib = dead.used.most_memory_kib;
  record.limit = dead.limit;
  record.limit_ms = dead.limit_ms;
  record.cgroup.assign(dead.memory_counter.substr(0, dead.memory_counter.rfind('/')));
  copy_status(record, dead.status);
  return record;
}

/// The slot has been read and belongs to no process any more: its number may soon be another's.
void adopt(capture_slot& slot) noexcept {
  claim_of(slot).store(static_cast<std::uint64_t>(capture_state::complete));
}

// The bits of thread_slot::noted_end.
constexpr std::uint32_t end_is_noted = 1U << 31;
constexpr std::uint32_t end_is_kept = 1U << 30;  // in the ring, and soon in the log
constexpr std::uint32_t end_by_exit = 1U << 16;
constexpr std::uint32_t end_with_core = 1U << 17;
constexpr unsigned role_at = 8;

std::uint32_t noted(const os::exit_status& status, death_role role) {
  const auto bits = end_is_noted | static_cast<std::uint32_t>(role) << role_at;
  if (status.how() == os::ending::exited)
    return bits | end_by_exit | static_cast<std::uint32_t>(status.code());
  return bits | (status.core_dumped() ? end_with_core : 0) |
         static_cast<std::uint32_t>(status.signal());
}

/// Only processes that serve clients are noted.
death_role role_of(std::uint32_t bits) noexcept {
  const auto role = static_cast<death_role>(bits >> role_at & 0xff);
  return role == death_role::pool_process ? role : death_role::client_process;
}

os::exit_status status_of(std::uint32_t bits) {
  const auto number = static_cast<int>(bits & 0xff);
  return (bits & end_by_exit) != 0 ? os::exit_status::exited(number)
                                   : os::exit_status::killed(number, (bits & end_with_core) != 0);
}

bool is_serving(const scoreboard::thread_slot& cell) noexcept {
  return scoreboard::runs(cell.step.load()) && cell.client.load() != 0;
}

}  // namespace

death_recorder::death_recorder(black_box* box, std::function<bool()> wake_master)
    : box_(box), wake_master_(std::move(wake_master)) {}

void death_recorder::look_in(std::span<black_box* const> of_workers,
                             std::function<bool(std::uint32_t, pid_t)> may_have_ended) {
  of_workers_ = of_workers;
  may_have_ended_ = std::move(may_have_ended);
}

black_box* death_recorder::box_of(std::uint32_t worker) const noexcept {
  if (of_workers_.empty()) return box_;
  return worker >= 1 && worker <= of_workers_.size() ? of_workers_[worker - 1] : nullptr;
}

std::atomic<std::uint64_t>* death_recorder::told_counter() const noexcept {
  if (box_ == nullptr) return nullptr;
  if (box_->told_as_out_of_memory != nullptr) return box_->told_as_out_of_memory;
  return box_->deaths.told_as_out_of_memory();
}

std::uint64_t death_recorder::told_so_far() const noexcept {
  const auto* told = told_counter();
  return told == nullptr ? 0 : told->load();
}

void death_recorder::watch_memory(const std::string& counter, steady::time_point now) {
  if (counter.empty()) return;
  auto& history = histories_[counter];
  if (!history.is_due(now)) return;
  if (const auto count = read_oom_kills(counter)) history.add(now, *count, told_so_far());
}

void death_recorder::add(death_report dead) { waiting_.push_back(std::move(dead)); }

scoreboard::thread_slot* death_recorder::notes_of(pid_t pid) const noexcept {
  scoreboard::thread_slot* found = nullptr;
  for_each_box([&](std::uint32_t, const black_box& box) {
    if (found == nullptr) found = scoreboard::find_thread_slot(box.cells, pid);
  });
  return found;
}

std::uint32_t death_recorder::worker_of(pid_t pid) const noexcept {
  std::uint32_t found = 0;
  for_each_box([&](std::uint32_t worker, const black_box& box) {
    const bool has_notes = scoreboard::find_thread_slot(box.cells, pid) != nullptr ||
                           find_capture(box.captures, pid, capture_reason::fatal_signal) != nullptr;
    if (found == 0 && has_notes) found = worker;
  });
  return found;
}

void death_recorder::forget(pid_t pid) noexcept {
  if (auto* notes = notes_of(pid)) release(*notes);
}

void death_recorder::note_end(pid_t pid, const os::exit_status& status, death_role role) noexcept {
  if (auto* notes = notes_of(pid)) notes->noted_end.store(noted(status, role));
}

void death_recorder::add_untold(const death_report& common) {
  const auto* box = box_of(common.worker);
  if (box == nullptr) return;
  for (const auto& cell : box->cells) {
    const auto bits = cell.noted_end.load();
    const auto pid = scoreboard::process_of(cell);
    if (pid <= 0 || bits == 0 || cell.worker.load() != common.worker) continue;
    if ((bits & end_is_kept) != 0) {
      tell_kept(*box, pid);
      clear(pid);
      continue;
    }
    if (std::ranges::count(waiting_, pid, &death_report::pid) != 0)
      continue;  // its death was reported here as well
    if (may_have_ended_ && !may_have_ended_(common.worker, pid)) {
      log::warning("contradiction",
                   "the record that worker {} left contradicts what is known: it says that process "
                   "{} ended, which lives; it is not believed",
                   common.worker, pid);
      continue;
    }
    auto dead = common;
    dead.pid = pid;
    dead.status = status_of(bits);
    dead.role = role_of(bits);
    waiting_.push_back(std::move(dead));
  }
}

/// A record with a capture waits in the ring for its stack, and is told then.
void death_recorder::tell_kept(const black_box& box, pid_t pid) {
  std::optional<death_record> newest;
  box.deaths.for_each([&](const death_record& each) {
    if (each.pid == pid) newest = each;
  });
  if (newest && newest->capture == 0) log_death(*newest);
}

bool death_recorder::knows(pid_t pid) const noexcept {
  bool found = false;
  for_each_box([&](std::uint32_t, const black_box& box) {
    found = found || scoreboard::find_thread_slot(box.cells, pid) != nullptr ||
            find_capture(box.captures, pid, capture_reason::fatal_signal) != nullptr;
  });
  return found;
}

memory_evidence death_recorder::look_at_memory(const death_report& dead) {
  const auto history = histories_.find(dead.memory_counter);
  if (!is_foreign_kill(dead) || history == histories_.end()) return {};
  const auto count = read_oom_kills(dead.memory_counter);
  if (!count) return {};
  const auto together = std::ranges::count_if(waiting_, [&](const death_report& each) {
    return is_foreign_kill(each) && each.memory_counter == dead.memory_counter;
  });
  auto found = history->second.since(*count, told_so_far(), static_cast<std::uint64_t>(together));
  found.own = dead.has_own_counter;
  return found;
}

void death_recorder::settle() {
  if (waiting_.empty()) return;
  // Evidence is gathered for all before the first is told, because telling changes the evidence.
  std::vector<memory_evidence> memory;
  for (const auto& dead : waiting_) memory.push_back(look_at_memory(dead));
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    auto record = begin_record(waiting_[i]);
    record.memory = memory[i];
    add_capture(record, waiting_[i]);
    add_activity(record, waiting_[i]);
    free_slots(record.pid);
    keep_and_tell(record);
    clear(record.pid);  // last: a process that dies before leaves what another needs to tell it
  }
  waiting_.clear();
}

/// Adds what the process itself left, and with it the cause.
void death_recorder::add_capture(death_record& record, const death_report& dead) const {
  death_evidence known{.pid = dead.pid,
                       .status = dead.status,
                       .limit = dead.limit,
                       .signalled_by = dead.signalled_by,
                       .caught = {},
                       .memory = record.memory};
  const auto* box = box_of(dead.worker);
  capture_slot* slot = nullptr;
  captured_facts left;
  if (box != nullptr) {
    slot = find_last_words(box->captures, dead.pid, dead.status);
    if (slot == nullptr && dead.limit == own_limit::stuck)
      slot = find_capture(box->captures, dead.pid, capture_reason::asked);
  }
  if (slot != nullptr) left = facts_of(*slot);
  if (left.fatal) known.caught = {left.signal, left.code, left.sender};
  const auto found = cause_of(known);
  record.cause = found.cause;
  record.sure = found.sure;
  if (found.cause == death_cause::signal) record.sender = dead.signalled_by;
  if (slot == nullptr) {
    if (box != nullptr) release_captures(box->captures, dead.pid);
    return;
  }
  if (!fits(left, dead.status)) {
    record.message.assign("(what it left does not fit how it ended, and is not believed)");
    release_captures(box->captures, dead.pid);
    return;
  }
  record.message.assign(left.said());
  record.thread = left.thread;
  record.has_fault_address =
      left.fault_address != 0 || (found.cause == death_cause::crash && left.code > 0);
  record.fault_address = left.fault_address;
  // A sender counts only for the signal that ended it: another process may have sent a KILL that
  // came first.
  if (left.has_sender && left.fatal && left.signal == record.signal) {
    record.sender = left.sender;
    record.sender_user = left.sender_user;
    record.has_sender_user = true;
  }
  adopt(*slot);
  release_captures(box->captures, dead.pid);
  record.capture = static_cast<std::uint32_t>(slot - box->captures.data()) + 1;
}

void death_recorder::add_activity(death_record& record, const death_report& dead) const {
  record.merely_open = dead.open;
  if (box_ == nullptr) return;
  record.service.assign(dead.service.empty() ? box_->service : dead.service);
  const auto* box = box_of(dead.worker);
  if (box == nullptr) return;
  for (const auto& cell : box->cells) {
    if (scoreboard::process_of(cell) != dead.pid) continue;
    // A client that one of its threads served was not merely open.
    if (record.merely_open > 0 && is_serving(cell)) --record.merely_open;
    if (cell.ended_after.load() == 0) continue;
    ++record.stuck_threads;
    if (record.thread == 0) record.thread = scoreboard::thread_of(cell);
  }
  const auto* cell = cell_of_death(box->cells, dead, record.thread);
  if (cell == nullptr) return;
  if (record.thread == 0) record.thread = scoreboard::thread_of(*cell);
  if (dead.role != death_role::worker) record.clients = cell->clients.load();
  record.was_running = is_serving(*cell);
  if (!record.was_running) return;
  record.peer.assign(scoreboard::text_of(cell->peer));
  record.request.assign(std::string_view(
      cell->request.data(),
      std::min<std::size_t>(cell->request_size.load(), scoreboard::thread_slot::request_room)));
}

void death_recorder::clear(pid_t pid) noexcept {
  for_each_box([pid](std::uint32_t, const black_box& box) {
    for (auto& cell : box.cells) {
      if (scoreboard::process_of(cell) == pid) release(cell);
    }
  });
  free_slots(pid);
}

/// Frees what the process had begun to write.
void death_recorder::free_slots(pid_t pid) noexcept {
  for_each_box([pid](std::uint32_t, black_box& box) {
    release_captures(box.captures, pid);
    box.deaths.free_held_by(pid);
  });
}

void death_recorder::keep_and_tell(death_record& record) {
  if (box_ == nullptr) return log_death_in_full(record);
  if (record.cause == death_cause::out_of_memory) {
    if (auto* told = told_counter()) told->fetch_add(1);
  }
  const auto forgotten = [this](const death_record& old) { tell_forgotten(old); };
  if (record.capture != 0) {
    const auto kept = box_->deaths.append(record, death_ring::telling::waits, forgotten);
    note_kept(record.pid);
    if (kept != 0) {
      record.sequence = kept;
      if (wake_master_ && wake_master_()) return;
      if (!box_->deaths.settle(kept, record)) return;
      return tell_forgotten(record);
    }
    return tell_forgotten(record);
  }
  static_cast<void>(box_->deaths.append(record, death_ring::telling::done, forgotten));
  note_kept(record.pid);
  log_death(record);
}

void death_recorder::note_kept(pid_t pid) noexcept {
  auto* notes = notes_of(pid);
  if (notes != nullptr && notes->noted_end.load() != 0) notes->noted_end.fetch_or(end_is_kept);
}

/// Logs a death that had to make room, and frees its slot.
void death_recorder::tell_forgotten(const death_record& record) const {
  auto told = record;
  const auto* box = box_of(record.worker);
  if (box != nullptr && told.capture != 0 && told.capture <= box->captures.size()) {
    release(box->captures[told.capture - 1]);
    told.stack_remark.assign("no process was left to unwind it");
  }
  told.capture = 0;
  log_death(told);
}

}  // namespace samjoko::postmortem

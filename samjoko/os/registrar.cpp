#include <samjoko/os/registrar.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <samjoko/os/captured_facts.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/death_cause.hpp>
#include <samjoko/os/death_log.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/oom_kills.hpp>

namespace samjoko::os {
namespace {

bool is_foreign_kill(const deceased& dead) {
  return dead.status.how() == ending::killed && dead.status.signal() == SIGKILL &&
         dead.limit == own_limit::none;
}

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<milliseconds>(wall_now().time_since_epoch()).count();
}

/// The thread that a death is about, out of those of the process: the one that is named, or the one
/// that called exit, or the only one.
const activity_cell* cell_of_death(std::span<activity_cell> cells, const deceased& dead,
                                   pid_t thread) {
  const activity_cell* only = nullptr;
  std::size_t count = 0;
  for (const auto& cell : cells) {
    if (process_of(cell) != dead.pid) continue;
    if (thread != 0 && thread_of(cell) == thread) return &cell;
    if (thread == 0 && cell.called_exit.load() != 0) return &cell;
    only = &cell;
    ++count;
  }
  return thread == 0 && count == 1 && dead.role != death_role::worker ? only : nullptr;
}

void copy_status(death_record& record, const exit_status& status) {
  record.exited = status.how() == ending::exited;
  if (record.exited) {
    record.code = static_cast<std::uint8_t>(status.code());
  } else {
    record.signal = static_cast<std::uint8_t>(status.signal());
    record.core_dumped = status.core_dumped();
  }
}

death_record begin_record(const deceased& dead) {
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

/// Read already, and nobody's any more: the number of its process may soon be another's.
void adopt(capture_slot& slot) noexcept {
  claim_of(slot).store(static_cast<std::uint64_t>(capture_state::complete));
}

// The bits of activity_cell::noted_end.
constexpr std::uint32_t end_is_noted = 1U << 31;
constexpr std::uint32_t end_is_kept = 1U << 30;  // on the board, and soon in the log
constexpr std::uint32_t end_by_exit = 1U << 16;
constexpr std::uint32_t end_with_core = 1U << 17;
constexpr unsigned role_at = 8;

std::uint32_t noted(const exit_status& status, death_role role) {
  const auto bits = end_is_noted | static_cast<std::uint32_t>(role) << role_at;
  if (status.how() == ending::exited)
    return bits | end_by_exit | static_cast<std::uint32_t>(status.code());
  return bits | (status.core_dumped() ? end_with_core : 0) |
         static_cast<std::uint32_t>(status.signal());
}

/// Only processes for clients are noted.
death_role role_of(std::uint32_t bits) noexcept {
  const auto role = static_cast<death_role>(bits >> role_at & 0xff);
  return role == death_role::pool_process ? role : death_role::client_process;
}

exit_status status_of(std::uint32_t bits) {
  const auto number = static_cast<int>(bits & 0xff);
  return (bits & end_by_exit) != 0 ? exit_status::exited(number)
                                   : exit_status::killed(number, (bits & end_with_core) != 0);
}

bool is_serving(const activity_cell& cell) noexcept {
  return runs(cell.step.load()) && cell.client.load() != 0;
}

}  // namespace

registrar::registrar(black_box* box, std::function<bool()> wake_master)
    : box_(box), wake_master_(std::move(wake_master)) {}

void registrar::look_in(std::span<black_box* const> of_workers,
                        std::function<bool(std::uint32_t, pid_t)> may_have_ended) {
  of_workers_ = of_workers;
  may_have_ended_ = std::move(may_have_ended);
}

black_box* registrar::box_of(std::uint32_t worker) const noexcept {
  if (of_workers_.empty()) return box_;
  return worker >= 1 && worker <= of_workers_.size() ? of_workers_[worker - 1] : nullptr;
}

std::atomic<std::uint64_t>* registrar::told_counter() const noexcept {
  if (box_ == nullptr) return nullptr;
  if (box_->told_as_out_of_memory != nullptr) return box_->told_as_out_of_memory;
  return box_->board.told_as_out_of_memory();
}

std::uint64_t registrar::told_so_far() const noexcept {
  const auto* told = told_counter();
  return told == nullptr ? 0 : told->load();
}

void registrar::watch_memory(const std::string& counter, steady::time_point now) {
  if (counter.empty()) return;
  auto& history = histories_[counter];
  if (!history.is_due(now)) return;
  if (const auto count = read_oom_kills(counter)) history.add(now, *count, told_so_far());
}

void registrar::add(deceased dead) { waiting_.push_back(std::move(dead)); }

activity_cell* registrar::notes_of(pid_t pid) const noexcept {
  activity_cell* found = nullptr;
  for_each_box([&](std::uint32_t, const black_box& box) {
    if (found == nullptr) found = find_activity(box.cells, pid);
  });
  return found;
}

std::uint32_t registrar::worker_of(pid_t pid) const noexcept {
  std::uint32_t found = 0;
  for_each_box([&](std::uint32_t worker, const black_box& box) {
    const bool has_notes = find_activity(box.cells, pid) != nullptr ||
                           find_capture(box.captures, pid, capture_reason::fatal_signal) != nullptr;
    if (found == 0 && has_notes) found = worker;
  });
  return found;
}

void registrar::forget(pid_t pid) noexcept {
  if (auto* notes = notes_of(pid)) release(*notes);
}

void registrar::note_end(pid_t pid, const exit_status& status, death_role role) noexcept {
  if (auto* notes = notes_of(pid)) notes->noted_end.store(noted(status, role));
}

void registrar::add_untold(const deceased& common) {
  const auto* box = box_of(common.worker);
  if (box == nullptr) return;
  for (const auto& cell : box->cells) {
    const auto bits = cell.noted_end.load();
    const auto pid = process_of(cell);
    if (pid <= 0 || bits == 0 || cell.worker.load() != common.worker) continue;
    if ((bits & end_is_kept) != 0) {
      tell_kept(*box, pid);
      clear(pid);
      continue;
    }
    if (std::ranges::count(waiting_, pid, &deceased::pid) != 0)
      continue;  // it came to us after all
    if (may_have_ended_ && !may_have_ended_(common.worker, pid)) {
      log_warning("contradiction",
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

/// One with a capture waits on the board for its stack: then it is told.
void registrar::tell_kept(const black_box& box, pid_t pid) {
  std::optional<death_record> newest;
  box.board.for_each([&](const death_record& each) {
    if (each.pid == pid) newest = each;
  });
  if (newest && newest->capture == 0) log_death(*newest);
}

bool registrar::knows(pid_t pid) const noexcept {
  bool found = false;
  for_each_box([&](std::uint32_t, const black_box& box) {
    found = found || find_activity(box.cells, pid) != nullptr ||
            find_capture(box.captures, pid, capture_reason::fatal_signal) != nullptr;
  });
  return found;
}

memory_evidence registrar::look_at_memory(const deceased& dead) {
  const auto history = histories_.find(dead.memory_counter);
  if (!is_foreign_kill(dead) || history == histories_.end()) return {};
  const auto count = read_oom_kills(dead.memory_counter);
  if (!count) return {};
  const auto together = std::ranges::count_if(waiting_, [&](const deceased& each) {
    return is_foreign_kill(each) && each.memory_counter == dead.memory_counter;
  });
  auto found = history->second.since(*count, told_so_far(), static_cast<std::uint64_t>(together));
  found.own = dead.has_own_counter;
  return found;
}

void registrar::settle() {
  if (waiting_.empty()) return;
  // The evidence of all of them comes before the first is told, which changes what is told.
  std::vector<memory_evidence> memory;
  for (const auto& dead : waiting_) memory.push_back(look_at_memory(dead));
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    auto record = begin_record(waiting_[i]);
    record.memory = memory[i];
    add_capture(record, waiting_[i]);
    add_activity(record, waiting_[i]);
    free_slots(record.pid);
    keep_and_tell(record);
    clear(record.pid);  // the last: who dies before leaves what another needs to tell it
  }
  waiting_.clear();
}

/// What the dead itself left, and with it the cause.
void registrar::add_capture(death_record& record, const deceased& dead) const {
  death_evidence known{.pid = dead.pid,
                       .status = dead.status,
                       .limit = dead.limit,
                       .told_by = dead.told_by,
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
  if (found.cause == death_cause::signal) record.sender = dead.told_by;
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
  // Whoever sent what it had caught did not send the KILL that came first.
  if (left.has_sender && left.fatal && left.signal == record.signal) {
    record.sender = left.sender;
    record.sender_user = left.sender_user;
    record.has_sender_user = true;
  }
  adopt(*slot);
  release_captures(box->captures, dead.pid);
  record.capture = static_cast<std::uint32_t>(slot - box->captures.data()) + 1;
}

void registrar::add_activity(death_record& record, const deceased& dead) const {
  record.merely_open = dead.open;
  if (box_ == nullptr) return;
  record.service.assign(dead.service.empty() ? box_->service : dead.service);
  const auto* box = box_of(dead.worker);
  if (box == nullptr) return;
  for (const auto& cell : box->cells) {
    if (process_of(cell) != dead.pid) continue;
    // Whom any of its threads ran for was not merely open.
    if (record.merely_open > 0 && is_serving(cell)) --record.merely_open;
    if (cell.ended_after.load() == 0) continue;
    ++record.stuck_threads;
    if (record.thread == 0) record.thread = thread_of(cell);
  }
  const auto* cell = cell_of_death(box->cells, dead, record.thread);
  if (cell == nullptr) return;
  if (record.thread == 0) record.thread = thread_of(*cell);
  if (dead.role != death_role::worker) record.clients = cell->clients.load();
  record.was_running = is_serving(*cell);
  if (!record.was_running) return;
  record.peer.assign(text_of(cell->peer));
  record.request.assign(std::string_view(
      cell->request.data(),
      std::min<std::size_t>(cell->request_size.load(), activity_cell::request_room)));
}

void registrar::clear(pid_t pid) noexcept {
  for_each_box([pid](std::uint32_t, const black_box& box) {
    for (auto& cell : box.cells) {
      if (process_of(cell) == pid) release(cell);
    }
  });
  free_slots(pid);
}

/// What it had begun to write.
void registrar::free_slots(pid_t pid) noexcept {
  for_each_box([pid](std::uint32_t, black_box& box) {
    release_captures(box.captures, pid);
    box.board.free_held_by(pid);
  });
}

void registrar::keep_and_tell(death_record& record) {
  if (box_ == nullptr) return log_death_in_full(record);
  if (record.cause == death_cause::out_of_memory) {
    if (auto* told = told_counter()) told->fetch_add(1);
  }
  const auto forgotten = [this](const death_record& old) { tell_forgotten(old); };
  if (record.capture != 0) {
    const auto kept = box_->board.append(record, death_board::telling::waits, forgotten);
    note_kept(record.pid);
    if (kept != 0) {
      record.sequence = kept;
      if (wake_master_ && wake_master_()) return;
      if (!box_->board.settle(kept, record)) return;
      return tell_forgotten(record);
    }
    return tell_forgotten(record);
  }
  static_cast<void>(box_->board.append(record, death_board::telling::done, forgotten));
  note_kept(record.pid);
  log_death(record);
}

void registrar::note_kept(pid_t pid) noexcept {
  auto* notes = notes_of(pid);
  if (notes != nullptr && notes->noted_end.load() != 0) notes->noted_end.fetch_or(end_is_kept);
}

/// Says in the log what had to make room, and frees its slot.
void registrar::tell_forgotten(const death_record& record) const {
  auto told = record;
  const auto* box = box_of(record.worker);
  if (box != nullptr && told.capture != 0 && told.capture <= box->captures.size()) {
    release(box->captures[told.capture - 1]);
    told.stack_remark.assign("nobody was left to unwind it");
  }
  told.capture = 0;
  log_death(told);
}

}  // namespace samjoko::os

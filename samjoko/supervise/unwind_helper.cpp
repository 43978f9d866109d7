#include <samjoko/supervise/unwind_helper.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include <samjoko/log/writer.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/confine.hpp>
#include <samjoko/os/memory_map.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/postmortem/crash_handler.hpp>
#include <samjoko/postmortem/death_claim.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/postmortem/unwind.hpp>

namespace samjoko::supervise {
namespace {

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<milliseconds>(os::wall_now().time_since_epoch()).count();
}

}  // namespace

unwind_helper::unwind_helper(kernel& kernel, os::children& children, postmortem::black_boxes* boxes,
                             std::function<postmortem::death_report(std::uint32_t)> known)
    : kernel_(kernel),
      children_(children),
      boxes_(boxes),
      known_(std::move(known)),
      deaths_(boxes == nullptr ? nullptr : &boxes->own(), [] { return true; }) {
  if (boxes_ == nullptr) return;
  taken_.resize(boxes_->of_workers().size());
  if (auto made = os::shared_cells<unwound>::make(1)) result_ = std::move(*made);
}

void unwind_helper::leave_to(std::size_t worker) {
  if (boxes_ == nullptr) return;
  boxes_->keep_only(worker);
  result_ = {};
}

void unwind_helper::tend(steady::time_point now) {
  if (boxes_ != nullptr) take_over();
  if (helper_.pid != 0) {
    if (!until_.passed(now)) return;
    until_ = deadline::never();
    static_cast<void>(kernel_.kill(helper_.pid, helper_.handle, SIGKILL));
    return;
  }
  // A worker that writes to its ring faster than this reads must not hold the master up.
  for (std::size_t tried = 0; looks_ && helper_.pid == 0; ++tried) {
    const auto next = tried == most_in_a_turn ? std::nullopt : next_waiting();
    if (next) {
      start_helper(*next, now);
    } else {
      looks_ = false;
    }
  }
}

/// Takes the boards in turn, so that a worker whose processes die all the time delays no other's.
std::optional<postmortem::death_record> unwind_helper::next_waiting() {
  const auto boards = boxes_->of_workers().size() + 1;
  for (std::size_t n = 0; n < boards; ++n) {
    const auto which = static_cast<std::uint32_t>(turn_++ % boards);
    board_of_ = which;
    if (which == 0) {
      if (auto found = boxes_->own().deaths.first_waiting()) return found;
    } else if (const auto* box = boxes_->of(which)) {
      if (const auto found = box->deaths.first_waiting()) return believed(*found, which);
    }
  }
  return std::nullopt;
}

postmortem::death_record unwind_helper::believed(const postmortem::death_record& claimed,
                                                 std::uint32_t worker) const {
  const auto* box = boxes_->of(worker);
  return postmortem::believed(claimed, known_(worker), box == nullptr ? 0 : box->captures.size(),
                              wall_milliseconds(), !can_be_ || can_be_(worker, claimed.pid));
}

void unwind_helper::take_over() {
  for (std::uint32_t worker = 1; worker <= taken_.size(); ++worker) {
    const auto* box = boxes_->of(worker);
    if (box == nullptr) continue;
    const auto count = box->deaths.count();
    if (count != std::exchange(taken_[worker - 1].counted, count)) take_over(worker);
  }
}

/// The worker has logged the death: here it is only kept.
void unwind_helper::take_over(std::uint32_t worker) {
  boxes_->of(worker)->deaths.for_each_told([&](const postmortem::death_record& told) {
    if (!is_new(worker, told.sequence)) return;
    auto kept = believed(told, worker);
    kept.capture = 0;
    static_cast<void>(boxes_->own().deaths.append(kept, postmortem::death_ring::telling::done));
  });
}

bool unwind_helper::is_new(std::uint32_t worker, std::uint64_t sequence) {
  auto& seen = taken_[worker - 1].sequences;
  const auto room = boxes_->of(worker)->deaths.room();
  if (sequence == 0 || room == 0) return false;
  seen.resize(room);
  return std::exchange(seen[(sequence - 1) % room], sequence) != sequence;
}

postmortem::capture_slot* unwind_helper::slot_of(const postmortem::death_record& dead) const {
  const auto* box = boxes_->of(dead.worker);
  if (box == nullptr || dead.capture == 0 || dead.capture > box->captures.size()) return nullptr;
  return &box->captures[dead.capture - 1];
}

void unwind_helper::start_helper(const postmortem::death_record& dead, steady::time_point now) {
  at_work_ = dead;
  if (result_.size() != 1 || slot_of(dead) == nullptr) return tell(at_work_);
  result_.cells()[0].done.store(0);
  if (!std::exchange(said_, true)) say_how_it_is_confined();
  auto forked = kernel_.fork([this] { be_helper(); });
  if (!forked) {
    at_work_.stack_remark.assign("no process could be made to unwind it");
    return tell(at_work_);
  }
  helper_ = std::move(*forked);
  children_.add(helper_.pid, helper_tag);
  until_ = deadline(now + time_to_unwind);
}

void unwind_helper::say_how_it_is_confined() const {
  log::info(log::every("unwinding"), "stacks are unwound by a process {}, with {}",
            boxes_->unwinds_as ? "without root" : "of this user", os::confinement_here());
}

/// The helper's input comes from a process that crashed, or that an attacker controls. So it first
/// makes a copy of its own, which no other process can change, and then gives up all that it does
/// not need.
void unwind_helper::be_helper() {
  os::close_all_except({});
  postmortem::remove_crash_handler();
  static postmortem::capture_slot copy;
  std::memcpy(&copy, slot_of(at_work_), sizeof copy);
  boxes_->keep_only(0);
  static_cast<void>(postmortem::can_unwind());  // loads the library while it surely can be
  const auto files = os::own_maps();
  const bool confined = (!boxes_->unwinds_as || os::become(*boxes_->unwinds_as)) &&
                        os::confine_to_reading(files, memory_to_unwind, time_to_unwind);
  if (!confined) os::leave_process(1);
  unwind(copy, files);
  os::leave_process(0);
}

void unwind_helper::unwind(const postmortem::capture_slot& copy, std::string_view files) const {
  const auto calls = postmortem::unwind(copy, {.maps_instead = {}, .only_files_of = files});
  auto& result = result_.cells()[0];
  std::string text;
  for (const auto& frame : calls.frames) {
    auto line = frame.sentence();
    if (text.size() + line.size() + 1 > decltype(result.stack)::room) break;
    text += (text.empty() ? "" : "\n") + line;
  }
  result.stack.assign(text);
  result.remark.assign(calls.remark);
  result.overflow = calls.stack_overflow ? 1 : 0;
  result.done.store(1, std::memory_order_release);
}

void unwind_helper::helper_ended(const os::exit_status& status) {
  helper_ = {};
  until_ = deadline::never();
  const auto& result = result_.cells()[0];
  if (result.done.load(std::memory_order_acquire) == 1) {
    at_work_.stack = result.stack;
    at_work_.stack_remark = result.remark;
    at_work_.stack_overflow = result.overflow != 0;
  } else {
    at_work_.stack_remark.assign("unwinding it did not come to an end: the helper " +
                                 status.sentence());
  }
  tell(at_work_);
}

void unwind_helper::tell(postmortem::death_record& dead) {
  auto* slot = slot_of(dead);
  const auto waited_as = dead.sequence;
  dead.capture = 0;
  auto* box = board_of_ == 0 ? &boxes_->own() : boxes_->of(board_of_);
  // It was reported already, without its stack, when it had to make room; its slot is freed then.
  if (box == nullptr || !box->deaths.settle(waited_as, dead)) return;
  if (slot != nullptr) postmortem::release(*slot);
  if (board_of_ != 0 && is_new(board_of_, waited_as))
    dead.sequence = boxes_->own().deaths.append(dead, postmortem::death_ring::telling::done);
  postmortem::log_death(dead);
}

}  // namespace samjoko::supervise

#include <samjoko/supervise/undertaker.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include <samjoko/os/clock.hpp>
#include <samjoko/os/confine.hpp>
#include <samjoko/os/crash_handler.hpp>
#include <samjoko/os/death_claim.hpp>
#include <samjoko/os/death_log.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/unwind.hpp>

namespace samjoko::supervise {
namespace {

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<milliseconds>(os::wall_now().time_since_epoch()).count();
}

}  // namespace

undertaker::undertaker(kernel& kernel, os::children& children, os::black_boxes* boxes,
                       std::function<os::deceased(std::uint32_t)> known)
    : kernel_(kernel),
      children_(children),
      boxes_(boxes),
      known_(std::move(known)),
      deaths_(boxes == nullptr ? nullptr : &boxes->own(), [] { return true; }) {
  if (boxes_ == nullptr) return;
  taken_.resize(boxes_->of_workers().size());
  if (auto made = os::shared_cells<unwound>::make(1)) result_ = std::move(*made);
}

void undertaker::leave_to(std::size_t worker) {
  if (boxes_ == nullptr) return;
  boxes_->keep_only(worker);
  result_ = {};
}

void undertaker::tend(steady::time_point now) {
  if (boxes_ != nullptr) take_over();
  if (helper_.pid != 0) {
    if (!until_.passed(now)) return;
    until_ = deadline::never();
    static_cast<void>(kernel_.kill(helper_.pid, helper_.handle, SIGKILL));
    return;
  }
  // Whoever writes to a board faster than this reads has no claim on the master's time.
  for (std::size_t tried = 0; looks_ && helper_.pid == 0; ++tried) {
    const auto next = tried == most_in_a_turn ? std::nullopt : next_waiting();
    if (next) {
      start_helper(*next, now);
    } else {
      looks_ = false;
    }
  }
}

/// The boards in turn, so that a worker whose processes die all the time holds up no other's.
std::optional<os::death_record> undertaker::next_waiting() {
  const auto boards = boxes_->of_workers().size() + 1;
  for (std::size_t n = 0; n < boards; ++n) {
    const auto which = static_cast<std::uint32_t>(turn_++ % boards);
    board_of_ = which;
    if (which == 0) {
      if (auto found = boxes_->own().board.first_waiting()) return found;
    } else if (const auto* box = boxes_->of(which)) {
      if (const auto found = box->board.first_waiting()) return believed(*found, which);
    }
  }
  return std::nullopt;
}

os::death_record undertaker::believed(const os::death_record& claimed, std::uint32_t worker) const {
  const auto* box = boxes_->of(worker);
  return os::believed(claimed, known_(worker), box == nullptr ? 0 : box->captures.size(),
                      wall_milliseconds(), !can_be_ || can_be_(worker, claimed.pid));
}

void undertaker::take_over() {
  for (std::uint32_t worker = 1; worker <= taken_.size(); ++worker) {
    const auto* box = boxes_->of(worker);
    if (box == nullptr) continue;
    const auto count = box->board.count();
    if (count != std::exchange(taken_[worker - 1].counted, count)) take_over(worker);
  }
}

/// What the worker has told in the log: it is only kept.
void undertaker::take_over(std::uint32_t worker) {
  boxes_->of(worker)->board.for_each_told([&](const os::death_record& told) {
    if (!is_new(worker, told.sequence)) return;
    auto kept = believed(told, worker);
    kept.capture = 0;
    static_cast<void>(boxes_->own().board.append(kept, os::death_board::telling::done));
  });
}

bool undertaker::is_new(std::uint32_t worker, std::uint64_t sequence) {
  auto& seen = taken_[worker - 1].sequences;
  const auto room = boxes_->of(worker)->board.room();
  if (sequence == 0 || room == 0) return false;
  seen.resize(room);
  return std::exchange(seen[(sequence - 1) % room], sequence) != sequence;
}

os::capture_slot* undertaker::slot_of(const os::death_record& dead) const {
  const auto* box = boxes_->of(dead.worker);
  if (box == nullptr || dead.capture == 0 || dead.capture > box->captures.size()) return nullptr;
  return &box->captures[dead.capture - 1];
}

void undertaker::start_helper(const os::death_record& dead, steady::time_point now) {
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

void undertaker::say_how_it_is_confined() const {
  os::log_info(os::every("unwinding"), "stacks are unwound by a process {}, with {}",
               boxes_->unwinds_as ? "without root" : "of this user", os::confinement_here());
}

/// What it looks at was left by a process that went wrong, or was taken over. So first it has a
/// copy of its own, of which nobody changes a word, then it gives up all that it does not need.
void undertaker::be_helper() {
  os::close_all_except({});
  os::remove_crash_handler();
  static os::capture_slot copy;
  std::memcpy(&copy, slot_of(at_work_), sizeof copy);
  boxes_->keep_only(0);
  static_cast<void>(os::can_unwind());  // the library is opened while it surely can be
  const auto files = os::own_maps();
  const bool confined = (!boxes_->unwinds_as || os::become(*boxes_->unwinds_as)) &&
                        os::confine_to_reading(files, memory_to_unwind, time_to_unwind);
  if (!confined) os::leave_process(1);
  unwind(copy, files);
  os::leave_process(0);
}

void undertaker::unwind(const os::capture_slot& copy, std::string_view files) const {
  const auto calls = os::unwind(copy, {.maps_instead = {}, .only_files_of = files});
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

void undertaker::helper_ended(const os::exit_status& status) {
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

void undertaker::tell(os::death_record& dead) {
  auto* slot = slot_of(dead);
  const auto waited_as = dead.sequence;
  dead.capture = 0;
  auto* box = board_of_ == 0 ? &boxes_->own() : boxes_->of(board_of_);
  // Told already, without its stack, when it had to make room for others; its slot is freed then.
  if (box == nullptr || !box->board.settle(waited_as, dead)) return;
  if (slot != nullptr) os::release(*slot);
  if (board_of_ != 0 && is_new(board_of_, waited_as))
    dead.sequence = boxes_->own().board.append(dead, os::death_board::telling::done);
  os::log_death(dead);
}

}  // namespace samjoko::supervise

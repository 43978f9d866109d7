#include <samjoko/supervise/undertaker.hpp>

#include <csignal>
#include <utility>

#include <samjoko/os/crash_handler.hpp>
#include <samjoko/os/death_log.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/privilege.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/unwind.hpp>

namespace samjoko::supervise {
namespace {

/// Before the helper looks at anything that the dead left: it is no root any more, and bounded.
bool give_up_all(const os::black_box& box) {
  static_cast<void>(os::can_unwind());  // the library is opened while it surely can be
  if (box.unwinds_as && !os::become(*box.unwinds_as)) return false;
  return os::confine_this_process(undertaker::memory_to_unwind, undertaker::time_to_unwind);
}

}  // namespace

undertaker::undertaker(kernel& kernel, os::children& children, os::black_box* box)
    : kernel_(kernel), children_(children), box_(box), deaths_(box, [] { return true; }) {
  if (box_ == nullptr || box_->captures.empty()) return;
  if (auto made = os::shared_cells<unwound>::make(1)) result_ = std::move(*made);
}

void undertaker::tend(steady::time_point now) {
  if (helper_.pid != 0) {
    if (!until_.passed(now)) return;
    until_ = deadline::never();
    static_cast<void>(kernel_.kill(helper_.pid, helper_.handle, SIGKILL));
    return;
  }
  // Whoever writes to the board faster than this reads has no claim on the master's time.
  for (std::size_t tried = 0; looks_ && helper_.pid == 0; ++tried) {
    if (tried == os::death_board::usual_room) {
      looks_ = false;
      return;
    }
    const auto next = box_->board.first_waiting();
    if (next) {
      start_helper(*next, now);
    } else {
      looks_ = false;
    }
  }
}

void undertaker::start_helper(const os::death_record& dead, steady::time_point now) {
  at_work_ = dead;
  const bool can_begin =
      result_.size() == 1 && dead.capture != 0 && dead.capture <= box_->captures.size();
  if (!can_begin) return tell(at_work_);
  result_.cells()[0].done.store(0);
  auto forked = kernel_.fork([this] {
    os::close_all_except({});
    os::remove_crash_handler();
    if (!give_up_all(*box_)) os::leave_process(1);
    unwind(box_->captures[at_work_.capture - 1]);
    os::leave_process(0);
  });
  if (!forked) {
    at_work_.stack_remark.assign("no process could be made to unwind it");
    return tell(at_work_);
  }
  helper_ = std::move(*forked);
  children_.add(helper_.pid, helper_tag);
  until_ = deadline(now + time_to_unwind);
}

// In the helper. What it has to work with was left by a process that went wrong: it may crash, or
// take for ever.
void undertaker::unwind(os::capture_slot& slot) const {
  const auto ours = os::own_maps();
  const auto calls = os::unwind(slot, {.maps_instead = {}, .only_files_of = ours});
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
  auto* slot = dead.capture != 0 && dead.capture <= box_->captures.size()
                   ? &box_->captures[dead.capture - 1]
                   : nullptr;
  dead.capture = 0;
  // Told already, without its stack, when it had to make room for others; its slot is freed then.
  if (!box_->board.settle(dead.sequence, dead)) return;
  if (slot != nullptr) os::release(*slot);
  os::log_death(dead);
}

}  // namespace samjoko::supervise

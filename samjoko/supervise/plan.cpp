#include <samjoko/supervise/plan.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

#include <samjoko/base/check.hpp>

namespace samjoko::supervise {
namespace {

milliseconds doubled(milliseconds last, milliseconds first, milliseconds longest) {
  return std::min(last == milliseconds(0) ? first : 2 * last, longest);
}

slot_event timer_event(slot_state state) {
  switch (state) {
    case slot_state::starting: return slot_event::boot_over;
    case slot_state::settling: return slot_event::settled;
    case slot_state::draining: return slot_event::drain_over;
    case slot_state::terminating: return slot_event::grace_over;
    case slot_state::backoff: return slot_event::due;
    default: break;
  }
  SAMJOKO_CHECK(false, "no timer runs in this state");
}

bool is_given_up(slot_state state) {
  return state == slot_state::failed || state == slot_state::disabled;
}

}  // namespace

plan::plan(plan_settings settings)
    : settings_(std::move(settings)),
      group_closed_(settings_.workers.size(), false),
      next_replacement_(settings_.workers.size()) {
  const auto& workers = settings_.workers;
  SAMJOKO_CHECK(!workers.empty() && std::ranges::min(workers) >= 1,
                "each group has at least one worker");
  SAMJOKO_CHECK(settings_.helper_groups < workers.size(), "somebody is to be helped");
  SAMJOKO_CHECK(
      std::accumulate(workers.begin(), workers.end(), std::size_t{0}) <= settings_.most_workers,
      "more workers than there may be");
  SAMJOKO_CHECK(settings_.failures_to_give_up >= 1, "one failure at least is needed to give up");
  SAMJOKO_CHECK(settings_.replace_burst >= 1 && settings_.replace_rate >= 1,
                "somebody has to serve");
  slots_.reserve(settings_.most_workers);  // so that a reference to a slot stays good
}

actions plan::start(moment now) {
  SAMJOKO_CHECK(slots_.empty(), "a plan starts once");
  for (std::size_t group = 0; group < settings_.workers.size(); ++group) {
    for (std::size_t n = 0; n < settings_.workers[group]; ++n) {
      SAMJOKO_CHECK(occupy_free_slot(group, now), "a slot for each worker");
    }
  }
  return finish(now);
}

actions plan::on_order(master_order order, moment now) {
  if (phase_ == phase::over) {  // the master only waits for what workers left behind
    if (order == master_order::graceful || order == master_order::immediate)
      patience_ = deadline(now);
    return {};
  }
  run_timers(now);
  switch (order) {
    case master_order::graceful: stop_gracefully(now); break;
    case master_order::immediate: stop_at_once(now); break;
    case master_order::one_more: one_more(now); break;
    case master_order::one_less: one_less(now); break;
  }
  return finish(now);
}

actions plan::on_ready(std::size_t number, moment now) {
  run_timers(now);
  step(number, slot_event::ready, now);
  return finish(now);
}

actions plan::on_leaves(std::size_t number, moment now) {
  run_timers(now);
  step(number, slot_event::leaves, now);
  const slot leaver = slots_.at(number);
  if (leaver.state == slot_state::draining && leaver.wanted && leaver.grew) {
    slots_[number].wanted = !occupy_free_slot(leaver.group, now);
  }
  return finish(now);
}

actions plan::on_fork_failed(std::size_t number, moment now) {
  auto& failing = slots_.at(number);
  if (!failing.wanted && has_process(failing.state)) {  // a stop came between the plan and the fork
    step(number, slot_event::left, now);
    return finish(now);
  }
  SAMJOKO_CHECK(failing.state == slot_state::starting, "only a starting worker is forked");
  failing.fork_delay =
      doubled(failing.fork_delay, settings_.first_delay, settings_.longest_fork_delay);
  step(number, slot_event::fork_failed, now);
  failing.timer = deadline(now + failing.fork_delay);
  add_setback(action::kind::report_backoff, number, setback::fork, failing.fork_delay);
  return finish(now);
}

actions plan::on_ended(std::size_t number, const os::exit_status& status, moment now, bool served) {
  SAMJOKO_CHECK(status.is_end(), "a stopped worker has not ended");
  SAMJOKO_CHECK(has_process(slots_.at(number).state), "a worker ended that the plan does not know");
  run_timers(now);
  slots_[number].fork_delay = milliseconds(0);
  step(number, meaning_of_end(slots_[number], status, now, served), now);
  return finish(now);
}

actions plan::on_time(moment now) {
  run_timers(now);
  return finish(now);
}

deadline plan::next_time() const noexcept {
  deadline next = drains_at_;
  for (const auto& each : slots_) next = std::min(next, each.timer);
  return next;
}

actions plan::on_scale(std::size_t group, std::size_t count, moment now) {
  run_timers(now);
  const bool scales = now_in() == phase::running && !group_closed_.at(group) && !is_helper(group);
  if (!scales) return finish(now);
  const auto before = wanted_of(group);
  while (wanted_of(group) < count && occupy_free_slot(group, now)) {
  }
  while (wanted_of(group) > count && stop_last_of(group, now)) {
  }
  if (wanted_of(group) != before)
    add(action::kind::report_scale, 0, {}, static_cast<int>(wanted()));
  return finish(now);
}

actions plan::on_revive(std::size_t group, moment now) {
  run_timers(now);
  if (now_in() != phase::running) return finish(now);
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    auto& each = slots_[number];
    if (each.group != group || !each.wanted || !is_given_up(each.state)) continue;
    each.failure_count = 0;
    each.delay = milliseconds(0);
    group_closed_[group] = false;
    step(number, slot_event::revived, now);
  }
  return finish(now);
}

std::size_t plan::wanted_of(std::size_t group) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      slots_, [group](const slot& each) { return each.group == group && each.wanted; }));
}

std::size_t plan::wanted() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      slots_, [this](const slot& each) { return each.wanted && !is_helper(each.group); }));
}

void plan::step(std::size_t number, slot_event event, moment now) {
  auto& moving = slots_.at(number);
  const auto* row = find_transition(moving.state, event);
  if (row == nullptr) return;
  const auto before = moving.state;
  moving.state = row->to;
  moving.timer = deadline::never();
  enter(number, before, now);
  switch (row->act) {
    case slot_action::none: break;
    case slot_action::fork: add(action::kind::fork, number); break;
    case slot_action::tell_graceful: add(action::kind::tell_graceful, number); break;
    case slot_action::tell_immediate: add(action::kind::tell_immediate, number); break;
    case slot_action::kill: add(action::kind::kill, number); break;
  }
}

void plan::enter(std::size_t number, slot_state before, moment now) {
  auto& moved = slots_[number];
  switch (moved.state) {
    case slot_state::starting:
      moved.grew = false;
      moved.was_ready = false;
      if (std::exchange(moved.is_held, false)) moved.delay = milliseconds(0);
      moved.timer = deadline(now + settings_.boot_limit);
      break;
    case slot_state::settling:
      moved.fork_delay = milliseconds(0);
      moved.was_ready = true;
      moved.timer = deadline(now + settings_.stable_after);
      break;
    case slot_state::stable:
      moved.grew = true;
      moved.delay = milliseconds(0);
      break;
    case slot_state::draining: moved.timer = deadline(now + settings_.drain_limit); break;
    case slot_state::terminating: moved.timer = deadline(now + settings_.kill_grace); break;
    case slot_state::backoff:
      if (before == slot_state::starting && moved.fork_delay > milliseconds(0)) break;
      if (!moved.is_held)
        moved.delay = doubled(moved.delay, settings_.first_delay, settings_.longest_delay);
      moved.timer = deadline(now + moved.delay);
      add_setback(action::kind::report_backoff, number, setback_of(moved), moved.delay);
      break;
    case slot_state::failed:
      add_setback(action::kind::report_failed, number, setback_of(moved));
      break;
    case slot_state::disabled: add(action::kind::report_disabled, number); break;
    case slot_state::empty:
    case slot_state::killed: break;
  }
}

void plan::run_timers(moment now) {
  if (drains_at_.passed(now)) begin_to_drain(now);
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    const auto& each = slots_[number];
    if (!each.timer.passed(now)) continue;
    const auto event = timer_event(each.state);
    if (event == slot_event::boot_over) add(action::kind::report_boot, number);
    if (event == slot_event::drain_over) add(action::kind::report_overrun, number);
    step(number, event, now);
  }
}

void plan::one_more(moment now) {
  if (now_in() != phase::running) return;
  bool more = false;
  for (std::size_t group = 0; group < group_closed_.size(); ++group) {
    const bool grows = !group_closed_[group] && !is_helper(group);
    if (grows && occupy_free_slot(group, now)) more = true;
  }
  if (more) add(action::kind::report_scale, 0, {}, static_cast<int>(wanted()));
}

bool plan::occupy_free_slot(std::size_t group, moment now) {
  auto free = std::ranges::find_if(slots_, [group](const slot& each) {
    return each.group == group && each.state == slot_state::empty;
  });
  if (free == slots_.end()) {
    if (slots_.size() == settings_.most_workers) return false;
    free = slots_.emplace(slots_.end());
  }
  *free = slot{};
  free->group = group;
  free->wanted = true;
  step(static_cast<std::size_t>(free - slots_.begin()), slot_event::wanted, now);
  return true;
}

void plan::one_less(moment now) {
  if (now_in() != phase::running) return;
  bool less = false;
  for (std::size_t group = 0; group < group_closed_.size(); ++group) {
    if (!group_closed_[group] && stop_last_of(group, now)) less = true;
  }
  if (less) add(action::kind::report_scale, 0, {}, static_cast<int>(wanted()));
}

// A slot that was given up goes first; a worker that still serves goes last.
bool plan::stop_last_of(std::size_t group, moment now) {
  std::size_t count = 0, last = 0;
  bool last_is_given_up = false;
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    const auto& each = slots_[number];
    if (each.group != group || !each.wanted) continue;
    ++count;
    if (last_is_given_up && !is_given_up(each.state)) continue;
    last = number;
    last_is_given_up = is_given_up(each.state);
  }
  if (count < 2) return false;
  slots_[last].wanted = false;
  step(last, slot_event::stop, now);
  return true;
}

bool plan::counts_as_often(slot& failing, moment now) const {
  const auto enough = settings_.failures_to_give_up;
  failing.failures.resize(enough);
  auto& oldest = failing.failures[failing.failure_count % enough];
  oldest = now;  // replaces a failure older than the last `enough`
  ++failing.failure_count;
  if (failing.failure_count < enough) return false;
  const auto first = failing.failures[failing.failure_count % enough];
  return now - first <= settings_.failure_window;
}

/// How long until one more worker of the group may be replaced: a token bucket that holds a burst
/// and is filled at a rate. A waiting slot has taken its place in the queue, so the first one never
/// waits for long.
milliseconds plan::take_turn_to_replace(std::size_t group, moment now) {
  using std::chrono::ceil;
  const auto apart =
      steady::duration(std::chrono::seconds(1)) / static_cast<steady::rep>(settings_.replace_rate);
  const auto burst = apart * static_cast<steady::rep>(settings_.replace_burst - 1);
  auto& next = next_replacement_.at(group);
  next = std::max(next, now);
  const auto wait = std::max(next - burst - now, steady::duration(0));
  next += apart;
  return ceil<milliseconds>(wait);
}

slot_event plan::meaning_of_end(slot& ended, const os::exit_status& status, moment now,
                                bool served) {
  if (!ended.wanted) return slot_event::left;
  if (status == os::exit_status::exited(exit_do_not_restart)) return slot_event::disabled;
  if (ended.grew || (ended.was_ready && served)) {
    ended.delay = take_turn_to_replace(ended.group, now);
    ended.is_held = ended.delay > milliseconds(0);
    return ended.is_held ? slot_event::held : slot_event::died;
  }
  return counts_as_often(ended, now) ? slot_event::failed_often : slot_event::failed;
}

bool plan::has_given_up(std::size_t group) const {
  return std::ranges::none_of(slots_, [group](const slot& each) {
    return each.group == group &&
           (has_process(each.state) || (each.wanted && !is_given_up(each.state)));
  });
}

// Clients of a group that has no worker and will have none are refused: if its listeners stayed
// open, the clients would wait for ever. The other groups go on.
void plan::close_groups() {
  if (phase_ != phase::running || slots_.empty()) return;
  for (std::size_t group = 0; group < group_closed_.size(); ++group) {
    if (group_closed_[group] || !has_given_up(group)) continue;
    group_closed_[group] = true;
    add(action::kind::close_group, group);
  }
}

void plan::add(action::kind what, std::size_t number, milliseconds delay, int code) {
  pending_.push_back({what, number, delay, code, setback::none});
}

void plan::add_setback(action::kind what, std::size_t number, setback why, milliseconds delay) {
  add(what, number, delay);
  pending_.back().why = why;
}

actions plan::finish(moment now) {
  stop_helpers(now);
  give_up_with_helpers(now);
  leave_if_over();
  close_groups();
  return std::exchange(pending_, {});
}

}  // namespace samjoko::supervise

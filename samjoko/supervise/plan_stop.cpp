// How a service stops: by order, or because no worker is left that it needs.
#include <algorithm>

#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {
namespace {

bool is_given_up(slot_state state) {
  return state == slot_state::failed || state == slot_state::disabled;
}

}  // namespace

// A second order ends the delay; a third one means at once.
void plan::stop_gracefully(moment now) {
  if (now_in() != phase::running && now - last_order_ < settings_.repeat_window) return;
  if (phase_ != phase::running) return stop_at_once(now);
  last_order_ = now;
  if (settings_.drain_delay == milliseconds(0) || !drains_at_.is_never())
    return begin_to_drain(now);
  drains_at_ = deadline(now + settings_.drain_delay);
  add(action::kind::report_delay, 0, settings_.drain_delay);
}

// New connections are held before the first worker hears of the stop. A connection that the kernel
// has completed by then is in the backlog and will be accepted; one that has not begun is refused;
// there is no third case.
void plan::begin_to_drain(moment now) {
  phase_ = phase::draining;
  drains_at_ = deadline::never();
  patience_ = deadline(now + settings_.drain_limit);
  add(action::kind::hold_listeners);
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    if (is_helper(slots_[number].group)) continue;
    slots_[number].wanted = false;
    step(number, slot_event::stop, now);
  }
  add(action::kind::close_listeners);
}

/// Whether there is, or will be, a worker that is no helper.
bool plan::needs_helpers() const {
  for (std::size_t group = 0; !is_helper(group); ++group) {
    if (!has_given_up(group)) return true;
  }
  return false;
}

// Where the program stays without a worker, the helpers wait for the workers that may be revived.
void plan::stop_helpers(moment now) {
  if (phase_ == phase::running && settings_.stay_when_given_up) return;
  if (settings_.helper_groups == 0 || slots_.empty() || needs_helpers()) return;
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    if (!is_helper(slots_[number].group) || !slots_[number].wanted) continue;
    slots_[number].wanted = false;
    step(number, slot_event::stop, now);
  }
}

void plan::stop_at_once(moment now) {
  const bool again = phase_ == phase::stopping;
  if (again && now - last_order_ < settings_.repeat_window) return;
  if (phase_ == phase::running) add(action::kind::close_listeners);
  phase_ = phase::stopping;
  drains_at_ = deadline::never();
  last_order_ = now;
  patience_ = deadline(now);
  for (std::size_t number = 0; number < slots_.size(); ++number) {
    slots_[number].wanted = false;
    step(number, slot_event::stop_now, now);
  }
}

// A service whose workers need a helper ends when the helper is given up, unless it is set to stay.
void plan::give_up_with_helpers(moment now) {
  if (phase_ != phase::running || settings_.stay_when_given_up || slots_.empty()) return;
  for (std::size_t group = 0; group < group_closed_.size(); ++group) {
    if (!is_helper(group) || !has_given_up(group) || !needs_helpers()) continue;
    const bool wanted = std::ranges::any_of(
        slots_, [group](const slot& each) { return each.group == group && each.wanted; });
    if (!wanted) continue;
    given_up_ = true;
    last_order_ = now;
    return begin_to_drain(now);
  }
}

void plan::leave_if_over() {
  if (phase_ == phase::over || slots_.empty()) return;
  if (std::ranges::any_of(slots_, has_process, &slot::state)) return;
  int code = given_up_ ? exit_could_not_start : exit_clean;
  if (phase_ == phase::running) {
    const auto lives = [](const slot& each) { return each.wanted && !is_given_up(each.state); };
    if (std::ranges::any_of(slots_, lives)) return;
    const auto disabled = [this](const slot& each) {
      return !each.wanted || each.state == slot_state::disabled || is_helper(each.group);
    };
    code = std::ranges::all_of(slots_, disabled) ? exit_do_not_restart : exit_could_not_start;
    if (code == exit_could_not_start && settings_.stay_when_given_up) return;
  }
  phase_ = phase::over;
  drains_at_ = deadline::never();
  add(action::kind::leave, 0, {}, code);
}

}  // namespace samjoko::supervise

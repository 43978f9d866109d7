#include <samjoko/supervise/announcer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <samjoko/base/counted.hpp>
#include <samjoko/os/log_writer.hpp>

namespace samjoko::supervise {
namespace {

bool serves(slot_state state) { return state == slot_state::young || state == slot_state::grown; }
bool is_given_up(slot_state state) {
  return state == slot_state::parked || state == slot_state::retired;
}

struct tally {
  std::size_t ready = 0;
  std::size_t given_up = 0;
  std::size_t alive = 0;
};
tally count(const plan& seen) {
  tally all;
  for (std::size_t slot = 0; slot < seen.slots(); ++slot) {
    const auto state = seen.state(slot);
    if (serves(state)) ++all.ready;
    if (is_given_up(state)) ++all.given_up;
    if (has_process(state)) ++all.alive;
  }
  return all;
}

std::string status_of(const plan& seen) {
  const auto all = count(seen);
  if (seen.now_in() != plan::phase::running)
    return fmt::format("stopping: workers that still finish their clients: {}", all.alive);
  if (has_given_up(seen)) return "all workers have been given up: nobody is served";
  if (lacks_helper(seen)) return "the hub has been given up: commands that need it are refused";
  return fmt::format("{} of {} ready{}", all.ready, counted(seen.wanted(), "worker"),
                     all.given_up == 0 ? "" : fmt::format(", {} given up", all.given_up));
}

}  // namespace

bool lacks_helper(const plan& seen) {
  for (std::size_t group = 0; group < seen.groups(); ++group) {
    if (seen.is_helper(group) && seen.is_closed(group)) return true;
  }
  return false;
}

bool is_ready(const plan& seen) {
  if (lacks_helper(seen)) return false;
  std::vector<bool> served(seen.groups(), false);
  for (std::size_t slot = 0; slot < seen.slots(); ++slot) {
    const auto state = seen.state(slot);
    if (serves(state)) served[seen.group_of(slot)] = true;
    if (seen.is_wanted(slot) && !serves(state) && !is_given_up(state)) return false;
  }
  bool any = false;
  for (std::size_t group = 0; group < seen.groups(); ++group) {
    if (!served[group] && !seen.is_closed(group)) return false;
    any = any || served[group];
  }
  return any;
}

bool has_given_up(const plan& seen) {
  if (seen.now_in() != plan::phase::running || seen.slots() == 0) return false;
  for (std::size_t slot = 0; slot < seen.slots(); ++slot) {
    if (has_process(seen.state(slot)) || seen.state(slot) == slot_state::waiting) return false;
  }
  return true;
}

std::string_view phase_name(const plan& seen, bool was_ready) {
  switch (seen.now_in()) {
    case plan::phase::draining: return "draining";
    case plan::phase::stopping:
    case plan::phase::over: return "stopping";
    case plan::phase::running: break;
  }
  if (has_given_up(seen)) return "parked";
  if (lacks_helper(seen)) return "degraded";
  return was_ready ? "running" : "starting";
}

announcer::announcer(os::service_manager manager, std::function<void()> when_ready)
    : manager_(std::move(manager)), when_ready_(std::move(when_ready)) {}

void announcer::take_turn(const plan& seen, steady::time_point now) {
  std::string news;
  const bool running = seen.now_in() == plan::phase::running;
  if (running && !ready_ && is_ready(seen)) {
    ready_ = true;
    if (when_ready_) when_ready_();
    news += "READY=1\n";
  }
  if (!running && !std::exchange(stopping_, true)) news += "STOPPING=1\n";
  if (!manager_.told.is_wanted()) return;
  if (auto status = status_of(seen); status != status_) {
    news += fmt::format("STATUS={}\n", status);
    status_ = std::move(status);
  }
  if (manager_.watchdog && (next_beat_.is_never() || next_beat_.passed(now))) {
    news += "WATCHDOG=1\n";
    next_beat_ = deadline(now + *manager_.watchdog / 2);
  }
  if (!news.empty()) tell(news);
}

void announcer::tell(const std::string& lines) {
  if (auto told = manager_.told.tell(lines); !told)
    os::log_warning("notify", "{}", told.error().sentence());
}

}  // namespace samjoko::supervise

#include <samjoko/operate/service_notifier.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <samjoko/base/counted.hpp>
#include <samjoko/log/writer.hpp>

namespace samjoko::operate {
namespace {

bool serves(supervise::slot_state state) {
  return state == supervise::slot_state::settling || state == supervise::slot_state::stable;
}
bool is_given_up(supervise::slot_state state) {
  return state == supervise::slot_state::failed || state == supervise::slot_state::disabled;
}

struct tally {
  std::size_t ready = 0;
  std::size_t given_up = 0;
  std::size_t alive = 0;
};
tally count(const supervise::plan& seen) {
  tally all;
  for (std::size_t slot = 0; slot < seen.slots(); ++slot) {
    const auto state = seen.state(slot);
    if (serves(state)) ++all.ready;
    if (is_given_up(state)) ++all.given_up;
    if (supervise::has_process(state)) ++all.alive;
  }
  return all;
}

std::string status_of(const supervise::plan& seen) {
  const auto all = count(seen);
  if (seen.now_in() == supervise::plan::phase::announced)
    return "stopping: clients are still accepted for the drain delay";
  if (seen.now_in() != supervise::plan::phase::running)
    return fmt::format("stopping: workers that still finish their clients: {}", all.alive);
  if (has_given_up(seen)) return "all workers have been given up: no client is served";
  if (lacks_helper(seen)) return "the hub has been given up: commands that need it are refused";
  return fmt::format("{} of {} ready{}", all.ready, counted(seen.wanted(), "worker"),
                     all.given_up == 0 ? "" : fmt::format(", {} given up", all.given_up));
}

}  // namespace

bool lacks_helper(const supervise::plan& seen) {
  for (std::size_t group = 0; group < seen.groups(); ++group) {
    if (seen.is_helper(group) && seen.is_closed(group)) return true;
  }
  return false;
}

bool is_ready(const supervise::plan& seen) {
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

bool has_given_up(const supervise::plan& seen) {
  if (seen.now_in() != supervise::plan::phase::running || seen.slots() == 0) return false;
  for (std::size_t slot = 0; slot < seen.slots(); ++slot) {
    if (seen.is_helper(seen.group_of(slot))) continue;
    if (supervise::has_process(seen.state(slot)) ||
        seen.state(slot) == supervise::slot_state::backoff)
      return false;
  }
  return true;
}

std::string_view phase_name(const supervise::plan& seen, bool was_ready) {
  switch (seen.now_in()) {
    case supervise::plan::phase::announced:
    case supervise::plan::phase::draining: return "draining";
    case supervise::plan::phase::stopping:
    case supervise::plan::phase::over: return "stopping";
    case supervise::plan::phase::running: break;
  }
  if (has_given_up(seen)) return "failed";
  if (lacks_helper(seen)) return "degraded";
  return was_ready ? "running" : "starting";
}

service_notifier::service_notifier(service_manager manager, std::function<void()> when_ready)
    : manager_(std::move(manager)), when_ready_(std::move(when_ready)) {}

void service_notifier::take_turn(const supervise::plan& seen, steady::time_point now) {
  add_news(seen);
  if (manager_.watchdog && (next_beat_.is_never() || next_beat_.passed(now))) {
    beats_ = manager_.told.is_wanted();
    next_beat_ = deadline(now + *manager_.watchdog / 2);
  }
  if (!beats_ && unsent_.empty()) return;
  if (next_try_.is_never() || next_try_.passed(now)) send(now);
}

void service_notifier::add_news(const supervise::plan& seen) {
  std::string news;
  const bool running = seen.now_in() == supervise::plan::phase::running;
  if (running && !ready_ && is_ready(seen)) {
    ready_ = true;
    if (when_ready_) when_ready_();
    news += "READY=1\n";
  }
  if (!running && !std::exchange(stopping_, true)) news += "STOPPING=1\n";
  if (!manager_.told.is_wanted()) return;
  const bool is_status = news.empty();
  if (auto status = status_of(seen); status != status_) {
    news += fmt::format("STATUS={}\n", status);
    status_ = std::move(status);
  }
  if (!news.empty()) add(std::move(news), is_status);
}

void service_notifier::add(std::string lines, bool is_status) {
  if (is_status && !unsent_.empty() && unsent_.back().is_status) unsent_.pop_back();
  unsent_.push_back({std::move(lines), is_status});
}

void service_notifier::send(steady::time_point now) {
  const auto sent = send_all();
  if (!sent && (sent.error().is(EAGAIN) || sent.error().is(ENOBUFS)))
    return wait_for_room(sent.error(), now);
  if (!sent && (sent.error().is(ENOENT) || sent.error().is(ECONNREFUSED))) {
    if (patience_.is_never())
      log::warning("notify", "{}: it is told later, when it listens", sent.error().sentence());
    return wait_for_room(sent.error(), now);
  }
  if (!sent) give_up(sent.error());  // the manager is gone
  next_try_ = patience_ = deadline::never();
  retry_ = milliseconds(0);
}

result<void> service_notifier::send_all() {
  while (!unsent_.empty()) {
    auto lines = unsent_.front().lines;
    if (beats_ && unsent_.size() == 1) lines += "WATCHDOG=1\n";
    if (auto told = manager_.told.tell(lines); !told) return told;
    if (unsent_.size() == 1) beats_ = false;
    unsent_.erase(unsent_.begin());
  }
  if (!std::exchange(beats_, false)) return {};
  auto told = manager_.told.tell("WATCHDOG=1\n");
  beats_ = !told;
  return told;
}

/// No event tells when a socket that is not connected has room again.
void service_notifier::wait_for_room(const error& why, steady::time_point now) {
  if (patience_.is_never()) patience_ = deadline(now + give_up_after);
  if (patience_.passed(now)) {
    give_up(why);
    patience_ = next_try_ = deadline::never();
    retry_ = milliseconds(0);
    return;
  }
  retry_ = retry_ == milliseconds(0) ? first_retry : std::min(2 * retry_, longest_retry);
  next_try_ = deadline(now + retry_);
}

void service_notifier::give_up(const error& why) {
  log::warning("notify", "{}: it is not told {} message{}", why.sentence(), unsent_.size(),
               unsent_.size() == 1 ? "" : "s");
  unsent_.clear();
  beats_ = false;
}

}  // namespace samjoko::operate

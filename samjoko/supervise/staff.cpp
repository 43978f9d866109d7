#include <samjoko/supervise/staff.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/process.hpp>

namespace samjoko::supervise {
namespace {

int run_worker(const std::function<int(worker&)>& main, heritage inherited) noexcept {
  try {
    worker self(std::move(inherited));
    return main(self);
  } catch (const std::exception& thrown) {
    os::log_error(os::every("worker exception"), "an exception left the worker: {}", thrown.what());
  } catch (...) {
    os::log_error(os::every("worker exception"), "an exception of unknown type left the worker");
  }
  return 1;
}

/// One that has finished what it was told to finish is no news.
void log_orphan(const os::children::report& told) {
  const auto level = told.status.is_success() ? os::log_level::debug : os::log_level::info;
  const auto what =
      fmt::format("process {}, an adopted orphan, {}", told.pid, told.status.sentence());
  os::process_log().write(level, os::every("orphan"), "{}", fmt::make_format_args(what));
}

}  // namespace

staff::staff(kernel& kernel, const std::function<int(worker&)>& main, scoreboard& counters,
             std::size_t most)
    : kernel_(kernel),
      main_(main),
      counters_(counters),
      children_before_(kernel.children()),
      children_(most),
      places_(most) {}

result<void> staff::hire(std::size_t slot, position as, std::vector<named_listener>& listeners) {
  auto& place = places_.at(slot);
  CHECK(place.pid == 0, "a slot has one worker at a time");
  auto line = kernel_.open_channel();
  if (!line) return failure_of(line);
  counters_.cells()[slot].started.fetch_add(1);
  auto forked = kernel_.fork([&] {
    line->master.close();  // held by the worker too, it would never be seen to close
    work(slot, as, std::move(line->worker), listeners);
  });
  if (!forked) {
    counters_.cells()[slot].started.fetch_sub(1);
    return failure_of(forked);
  }
  place.pid = forked->pid;
  place.process = std::move(forked->handle);
  place.line = std::move(line->master);
  place.title = std::move(as.title);
  place.since = kernel_.now();
  children_.add(place.pid, slot);
  counters_.cells()[slot].pid.store(place.pid);
  os::log_info(os::every("worker start"), "{} ({}) started", place.title, place.pid);
  return {};
}

void staff::work(std::size_t slot, const position& as, channel to_master,
                 std::vector<named_listener>& listeners) {
  places_.clear();
  heritage inherited;
  std::erase_if(listeners, [&](const named_listener& each) { return each.group != as.group; });
  inherited.listeners = std::move(listeners);
  inherited.group = as.group;
  inherited.to_master = std::move(to_master);
  inherited.number = slot + 1;
  inherited.counters = &counters_.cells()[slot];
  inherited.generation = inherited.counters->started.load();
  inherited.counters->pid.store(::getpid());  // true from the first thing the worker says
  inherited.master = ::getppid();
  os::process_log().set_name(as.title);
  os::leave_process(run_worker(main_, std::move(inherited)));
}

void staff::tell(std::size_t slot, message_kind kind) {
  if (places_.at(slot).pid == 0) return;  // its fork had failed meanwhile
  places_[slot].told_to_stop = true;
  send(slot, {kind});
}

void staff::kill(std::size_t slot) {
  const auto& place = places_.at(slot);
  if (place.pid == 0) return;
  os::log_warning(os::every("kill"), "{} ({}) did not stop when told: it is killed", place.title,
                  place.pid);
  const auto done = kernel_.kill(place.pid, place.process, SIGKILL);
  if (!done) os::log_error("kill failed", "{}", done.error().sentence());
}

std::vector<pid_t> staff::orphans() const {
  auto found = kernel_.children();
  std::erase_if(found, [this](pid_t each) {
    return children_.contains(each) ||
           std::ranges::find(children_before_, each) != children_before_.end();
  });
  return found;
}

void staff::kill_orphans() {
  for (const auto pid : orphans()) {
    os::log_warning(os::every("kill"), "process {}, left behind by a worker, is killed", pid);
    const auto done = kernel_.kill(pid, {}, SIGKILL);
    if (!done) os::log_error("kill failed", "{}", done.error().sentence());
  }
}

void staff::hand_out_log(int descriptor) {
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    if (places_[slot].pid != 0) send(slot, {message_kind::log_descriptor}, descriptor);
  }
}

void staff::send(std::size_t slot, message what, int attached) {
  const auto& place = places_.at(slot);
  if (!place.line.is_open()) return;
  auto sent = place.line.send(what, attached);
  if (sent || sent.error().is(condition::end_of_stream)) return;  // it has ended: SIGCHLD will tell
  os::log_warning("channel", "{}: {}", place.title, sent.error().sentence());
}

void staff::add_to(std::vector<pollfd>& polled) {
  for (auto& place : places_) {
    if (place.pid == 0) continue;
    place.polled = polled.size();
    polled.push_back({place.line.descriptor(), POLLIN, 0});  // closed: -1, which poll skips
  }
}

std::optional<message> staff::next_message(std::size_t slot) {
  auto& line = places_[slot].line;
  while (line.is_open()) {
    auto got = line.receive();
    if (got && *got) return (*got)->what;
    if (got) return std::nullopt;
    if (got.error().is(condition::malformed)) {
      os::log_warning("channel", "{}: {}", places_[slot].title, got.error().sentence());
      continue;
    }
    line.close();  // its end, or an error that would only come again
  }
  return std::nullopt;
}

void staff::log_report(const os::children::report& told) const {
  if (!told.known) return log_orphan(told);
  const auto& place = places_[static_cast<std::size_t>(told.tag)];
  const std::chrono::duration<double> age = kernel_.now() - place.since;
  const auto level =
      place.told_to_stop && told.status.is_success() ? os::log_level::info : os::log_level::warning;
  const auto what = fmt::format("{} ({}) {}, {:.3f} s after its start", place.title, told.pid,
                                told.status.sentence(), age.count());
  os::process_log().write(level, os::every("worker end"), "{}", fmt::make_format_args(what));
}

void staff::forget(std::size_t slot) {
  places_[slot] = {};
  counters_.cells()[slot].pid.store(0);
  counters_.cells()[slot].open.store(0);
}

}  // namespace samjoko::supervise

#include <samjoko/supervise/staff.hpp>

#include <csignal>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/pidfd.hpp>
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

}  // namespace

staff::staff(const std::function<int(worker&)>& main, scoreboard& counters, std::size_t most)
    : main_(main), counters_(counters), children_(most), places_(most) {}

result<void> staff::hire(std::size_t slot, std::vector<named_listener>& listeners,
                         os::signal_queue& signals) {
  auto& place = places_.at(slot);
  CHECK(place.pid == 0, "a slot has one worker at a time");
  auto line = channel::open();
  if (!line) return failure_of(line);
  counters_.cells()[slot].started.fetch_add(1);
  const auto forked = os::fork_process();
  if (!forked) {
    counters_.cells()[slot].started.fetch_sub(1);
    return std::unexpected(forked.error());
  }
  if (forked->in_child()) {
    {
      // Held by the worker too, the master's end would never be seen to close.
      const auto of_the_master = std::move(line->master);
    }
    work(slot, std::move(line->worker), listeners, signals);
  }
  place.pid = forked->pid;
  place.line = std::move(line->master);
  place.since = steady::now();
  children_.add(place.pid, slot);
  counters_.cells()[slot].pid.store(place.pid);
  if (auto process = os::open_pidfd(place.pid)) place.process = std::move(*process);
  os::log_info(os::every("worker start"), "worker {} ({}) started", slot + 1, place.pid);
  return {};
}

void staff::work(std::size_t slot, channel to_master, std::vector<named_listener>& listeners,
                 os::signal_queue& signals) {
  places_.clear();
  {
    const auto of_the_master = std::move(signals);
  }
  heritage inherited;
  inherited.listeners = std::move(listeners);
  inherited.to_master = std::move(to_master);
  inherited.number = slot + 1;
  inherited.counters = &counters_.cells()[slot];
  inherited.generation = inherited.counters->started.load();
  inherited.counters->pid.store(::getpid());  // true from the first thing the worker says
  inherited.master = ::getppid();
  os::process_log().set_name(fmt::format("worker {}", slot + 1));
  os::leave_process(run_worker(main_, std::move(inherited)));
}

void staff::tell(std::size_t slot, message_kind kind) {
  places_.at(slot).told_to_stop = true;
  send(slot, {kind});
}

void staff::kill(std::size_t slot) {
  const auto& place = places_.at(slot);
  if (place.pid == 0) return;
  os::log_warning(os::every("kill"), "worker {} ({}) did not stop when told: it is killed",
                  slot + 1, place.pid);
  const auto done =
      place.process ? os::send_signal(place.process, SIGKILL) : children_.send(place.pid, SIGKILL);
  if (!done) os::log_error("kill failed", "{}", done.error().sentence());
}

void staff::hand_out_log(int descriptor) {
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    if (places_[slot].pid != 0) send(slot, {message_kind::log_descriptor}, descriptor);
  }
}

void staff::send(std::size_t slot, message what, int attached) {
  const auto& line = places_.at(slot).line;
  if (!line.is_open()) return;
  auto sent = line.send(what, attached);
  if (sent || sent.error().is(condition::end_of_stream)) return;  // it has ended: SIGCHLD will tell
  os::log_warning("channel", "worker {}: {}", slot + 1, sent.error().sentence());
}

std::optional<message> staff::next_message(std::size_t slot) {
  auto& line = places_[slot].line;
  while (line.is_open()) {
    auto got = line.receive();
    if (got && *got) return (*got)->what;
    if (got) return std::nullopt;
    if (got.error().is(condition::malformed)) {
      os::log_warning("channel", "worker {}: {}", slot + 1, got.error().sentence());
      continue;
    }
    line.close();  // its end, or an error that would only come again
  }
  return std::nullopt;
}

void staff::log_report(const os::children::report& told) const {
  if (!told.known) {
    os::log_info(os::every("orphan"), "process {}, an adopted orphan, {}", told.pid,
                 told.status.sentence());
    return;
  }
  const auto& place = places_[static_cast<std::size_t>(told.tag)];
  const std::chrono::duration<double> age = steady::now() - place.since;
  const auto level =
      place.told_to_stop && told.status.is_success() ? os::log_level::info : os::log_level::warning;
  const auto what = fmt::format("worker {} ({}) {}, {:.3f} s after its start", told.tag + 1,
                                told.pid, told.status.sentence(), age.count());
  os::process_log().write(level, os::every("worker end"), "{}", fmt::make_format_args(what));
}

void staff::forget(std::size_t slot) {
  places_[slot] = {};
  counters_.cells()[slot].pid.store(0);
  counters_.cells()[slot].open.store(0);
}

}  // namespace samjoko::supervise

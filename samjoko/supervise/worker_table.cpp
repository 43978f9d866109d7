#include <samjoko/supervise/worker_table.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/process_facts.hpp>
#include <samjoko/os/process_title.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/postmortem/oom_kills.hpp>

namespace samjoko::supervise {
namespace {

/// When to look at cgroups and their counters: soon after a worker began, since it may be moved to
/// another cgroup then, and ever more seldom while nothing happens.
constexpr milliseconds first_look{2000};
constexpr milliseconds longest_between_looks{64'000};

int run_worker(const std::function<int(worker&)>& main, heritage inherited) noexcept {
  try {
    worker self(std::move(inherited));
    return main(self);
  } catch (const std::exception& thrown) {
    log::error(log::every("worker exception"), "an exception left the worker: {}", thrown.what());
  } catch (...) {
    log::error(log::every("worker exception"), "an exception of unknown type left the worker");
  }
  return 1;
}

void log_pause(const worker_process& of, const os::children::report& told) {
  log::warning(log::every("worker pause"), "{} ({}) {}", of.title, told.pid,
               told.status.sentence());
}

/// "worker 2 (multiplex)"; a helper has one name everywhere.
void title_a_worker(const worker_spec& as) {
  const auto which = as.title.substr(0, as.title.find(" of "));
  const bool is_helper = as.model == as.title;
  os::set_title(is_helper || as.model.empty() ? which : fmt::format("{} ({})", which, as.model),
                is_helper ? "samjoko hub" : "samjoko worker");
}

void close_all_but(const heritage& inherited) {
  auto kept = inherited.kept;
  kept.push_back(inherited.to_master.descriptor());
  kept.push_back(log::process_log().descriptor_number());
  for (const auto& each : inherited.listeners) kept.push_back(each.socket.get());
  os::close_all_except(kept);
}

/// An orphan that has finished as it was told to is not worth a line at level info.
void log_orphan(const os::children::report& told) {
  const auto level = told.status.is_success() ? log::level::debug : log::level::info;
  const auto what =
      fmt::format("process {}, an adopted orphan, {}", told.pid, told.status.sentence());
  log::process_log().write(level, log::every("orphan"), "{}", fmt::make_format_args(what));
}

}  // namespace

worker_table::worker_table(kernel& kernel, const std::function<int(worker&)>& main,
                           scoreboard::worker_slots& counters, std::size_t most,
                           std::function<slot_figures(std::size_t)> figures,
                           postmortem::black_boxes* boxes)
    : kernel_(kernel),
      main_(main),
      counters_(counters),
      children_before_(kernel.children()),
      children_(most),
      places_(most),
      figures_(std::move(figures)),
      memory_counter_(boxes == nullptr ? std::string() : postmortem::oom_counter_file(::getpid())),
      look_interval_(first_look),
      starts_(most),
      unwinding_(kernel, children_, boxes,
                 [this](std::uint32_t worker) { return description_of(worker - 1); }) {
  const auto can_be = [this](std::uint32_t worker, pid_t pid) {
    return may_have_ended(worker, pid);
  };
  if (boxes != nullptr) unwinding_.deaths().look_in(boxes->of_workers(), can_be);
  unwinding_.believe_only(can_be);
  next_look_ = kernel_.now() + look_interval_;
  unwinding_.deaths().watch_memory(memory_counter_, kernel.now());
}

result<void> worker_table::start(std::size_t slot, worker_spec as,
                                 std::vector<named_listener>& listeners) {
  auto& place = places_.at(slot);
  SAMJOKO_CHECK(place.pid == 0, "a slot has one worker at a time");
  auto line = kernel_.open_channel();
  if (!line) return failure_of(line);
  if (auto* boxes = unwinding_.boxes()) {
    if (auto opened = boxes->open(slot + 1); !opened) return opened;
  }
  counters_.at(slot).started.store(++starts_[slot]);
  counters_.at(slot).signalled_by.store(0);
  auto forked = kernel_.fork([&] {
    line->master.close();  // if the worker held it too, it would never be seen to close
    work(slot, as, std::move(line->worker), listeners);
  });
  if (!forked) {
    counters_.at(slot).started.store(--starts_[slot]);
    return failure_of(forked);
  }
  place.pid = forked->pid;
  place.process = std::move(forked->handle);
  place.line = std::move(line->master);
  place.title = std::move(as.title);
  place.model = std::move(as.model);
  place.service = std::move(as.service);
  place.clients_before = figures_of(slot).clients;
  place.memory_counter = memory_counter_;  // what a child begins with
  place.since = kernel_.now();
  look_interval_ = first_look;
  next_look_ = std::min(next_look_, place.since + look_interval_);
  children_.add(place.pid, slot);
  counters_.at(slot).pid.store(place.pid);
  if (postmortem::is_in_storm_of_deaths()) {  // summed up with the deaths
    log::debug(log::every("worker start"), "{} ({}) started", place.title, place.pid);
  } else {
    log::info(log::every("worker start"), "{} ({}) started", place.title, place.pid);
  }
  return {};
}

void worker_table::work(std::size_t slot, const worker_spec& as, channel to_master,
                        std::vector<named_listener>& listeners) {
  places_.clear();
  heritage inherited;
  std::erase_if(listeners, [&](const named_listener& each) { return each.group != as.group; });
  inherited.listeners = std::move(listeners);
  inherited.group = as.group;
  inherited.to_master = std::move(to_master);
  inherited.kept = as.kept;
  inherited.stop_limit = as.stop_limit;
  inherited.kill_grace = as.kill_grace;
  if (as.close_the_masters) as.close_the_masters();
  close_all_but(inherited);
  inherited.number = slot + 1;
  inherited.counters = &counters_.at(slot);
  inherited.generation = starts_[slot];
  inherited.counters->pid.store(::getpid());  // set before the worker logs its first line
  inherited.master = ::getppid();
  unwinding_.leave_to(slot + 1);
  counters_.keep_only(slot);
  if (as.forget_others) as.forget_others();
  if (auto* boxes = unwinding_.boxes()) inherited.box = boxes->of(slot + 1);
  log::process_log().set_name(as.title);
  title_a_worker(as);
  os::leave_process(run_worker(main_, std::move(inherited)));
}

void worker_table::note_limit(std::size_t slot, postmortem::own_limit limit, milliseconds time) {
  auto& place = places_.at(slot);
  if (place.pid == 0 || place.limit != postmortem::own_limit::none) return;
  place.limit = limit;
  place.limit_time = time;
}

void worker_table::tell(std::size_t slot, message_kind kind) {
  if (places_.at(slot).pid == 0) return;  // the slot's fork had failed meanwhile
  places_[slot].told_to_stop = true;
  send(slot, {kind});
}

void worker_table::kill(std::size_t slot) {
  const auto& place = places_.at(slot);
  if (place.pid == 0) return;
  log::warning(log::every("kill"), "{} ({}) did not stop when told: it is killed", place.title,
               place.pid);
  const auto done = kernel_.kill(place.pid, place.process, SIGKILL);
  if (!done) log::error("kill failed", "{}", done.error().sentence());
}

void worker_table::hand_out_log(int descriptor) {
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    if (places_[slot].pid != 0) send(slot, {message_kind::log_descriptor}, descriptor);
  }
}

void worker_table::send(std::size_t slot, message what, int attached) {
  const auto& place = places_.at(slot);
  if (!place.line.is_open()) return;
  auto sent = place.line.send(what, attached);
  if (sent || sent.error().is(condition::end_of_stream)) return;  // it has ended: SIGCHLD follows
  log::warning("channel", "{}: {}", place.title, sent.error().sentence());
}

void worker_table::add_to(std::vector<pollfd>& polled) {
  for (auto& place : places_) {
    if (place.pid == 0) continue;
    place.polled = polled.size();
    polled.push_back({place.line.descriptor(), POLLIN, 0});  // closed: -1, which poll skips
  }
}

std::optional<message> worker_table::next_message(std::size_t slot) {
  auto& line = places_[slot].line;
  for (std::size_t n = 0; line.is_open() && n < most_messages_in_a_turn; ++n) {
    auto got = line.receive(os::attached_too::refused);
    if (got && *got) return (*got)->what;
    if (got) return std::nullopt;
    if (got.error().is(condition::malformed)) {
      log::warning("channel", "{}: {}", places_[slot].title, got.error().sentence());
      continue;
    }
    line.close();  // its end, or an error that would only come again
  }
  return std::nullopt;
}

// All workers that have ended are one batch: their causes are found together, before anything is
// done about them. A worker that was reaped has no pid any more from here on.
std::vector<worker_table::end_of_worker> worker_table::take_reports() {
  std::vector<end_of_worker> ended;
  children_.reap_by([this] { return kernel_.wait_any(); },
                    [&](const os::children::report& told) { take_report(told, ended); });
  for (const auto& each : ended) unwinding_.deaths().add_untold(description_of(each.slot));
  unwinding_.deaths().settle();
  return ended;
}

void worker_table::take_report(const os::children::report& told,
                               std::vector<end_of_worker>& ended) {
  if (!told.known) return record_orphan(told);
  if (told.tag == unwind_helper::helper_tag) {
    if (told.status.is_end()) unwinding_.helper_ended(told.status);
    return;
  }
  const auto slot = static_cast<std::size_t>(told.tag);
  if (!told.status.is_end()) return log_pause(places_[slot], told);
  record_end(slot, told);
  fallen_.push_back(told.pid);
  places_[slot].pid = 0;
  places_[slot].process.reset();
  const bool served = figures_of(slot).clients > places_[slot].clients_before;
  ended.push_back({slot, told.status, served});
}

/// The orphan of a worker that ended before it, or, where the master is process 1, of any process.
/// What it left is free again: the next process may get its number.
void worker_table::record_orphan(const os::children::report& told) {
  if (!told.status.is_end()) return log_orphan(told);  // it was stopped, or goes on
  ended_.erase(told.pid);
  const bool by_us = killed_.erase(told.pid) != 0;
  auto& deaths = unwinding_.deaths();
  if (told.status.is_success() || !deaths.knows(told.pid)) {
    deaths.forget(told.pid);
    return log_orphan(told);
  }
  postmortem::death_report dead{.pid = told.pid, .status = told.status, .used = told.used};
  dead.role = postmortem::death_role::orphan;
  if (by_us) dead.limit = postmortem::own_limit::left;
  dead.memory_counter = memory_counter_;
  dead.worker = deaths.worker_of(told.pid);
  if (dead.worker != 0 && dead.worker <= places_.size())
    dead.model = places_[dead.worker - 1].model;
  deaths.add(std::move(dead));
  unwinding_.look();
}

/// The part that is the same for a worker and the processes it forks.
postmortem::death_report worker_table::description_of(std::size_t slot) const {
  const auto& place = places_[slot];
  postmortem::death_report dead{.status = os::exit_status::exited(0)};  // each has its own
  dead.model = place.model;
  dead.service = place.service;
  dead.worker = static_cast<std::uint32_t>(slot + 1);
  dead.memory_counter = place.memory_counter;
  return dead;
}

/// An end that was ordered and came in time needs no explanation.
void worker_table::record_end(std::size_t slot, const os::children::report& told) {
  const auto& place = places_[slot];
  const auto age = std::chrono::duration_cast<milliseconds>(kernel_.now() - place.since);
  const bool as_told = place.told_to_stop && told.status.is_success() &&
                       place.limit != postmortem::own_limit::boot &&
                       place.limit != postmortem::own_limit::stuck;
  if (as_told) {
    unwinding_.deaths().clear(told.pid);
    unwinding_.look();
    return log::info(log::every("worker end"), "{} ({}) {}, {:.3f} s after its start", place.title,
                     told.pid, told.status.sentence(), std::chrono::duration<double>(age).count());
  }
  const auto figures = figures_of(slot);
  auto dead = description_of(slot);
  dead.pid = told.pid;
  dead.status = told.status;
  dead.used = told.used;
  dead.title = place.title;
  dead.generation = starts_[slot];
  dead.age_ms = age.count();
  dead.clients = figures.clients - place.clients_before;
  dead.open = figures.open;
  dead.limit = place.limit;
  dead.limit_ms = place.limit_time.count();
  dead.signalled_by = place.told_to_stop ? 0 : counters_.at(slot).signalled_by.load();
  dead.has_own_counter = has_own_counter(slot);
  unwinding_.deaths().add(std::move(dead));
  unwinding_.look();
}

slot_figures worker_table::figures_of(std::size_t slot) const {
  return figures_ ? figures_(slot) : slot_figures{};
}

bool worker_table::has_own_counter(std::size_t slot) const {
  const auto& own = places_[slot].memory_counter;
  if (own.empty() || own == memory_counter_) return false;
  return std::ranges::count(places_, own, &worker_process::memory_counter) == 1;
}

void worker_table::tend_to_deaths() {
  const auto now = kernel_.now();
  unwinding_.tend(now);
  if (memory_counter_.empty() || now < next_look_) return;
  look_interval_ = std::min(2 * look_interval_, longest_between_looks);
  next_look_ = now + look_interval_;
  look_at_cgroups(now);
}

/// A worker may have been moved to another cgroup; a dead worker cannot be asked any more.
void worker_table::look_at_cgroups(steady::time_point now) {
  unwinding_.deaths().watch_memory(memory_counter_, now);
  for (auto& place : places_) {
    if (place.pid == 0) continue;
    if (auto file = postmortem::oom_counter_file(place.pid); !file.empty())
      place.memory_counter = std::move(file);
    unwinding_.deaths().watch_memory(place.memory_counter, now);
  }
}

void worker_table::end(std::uint32_t worker, pid_t pid, postmortem::own_limit limit,
                       milliseconds after) {
  if (worker == 0 || worker > places_.size()) return;
  const auto slot = worker - 1;
  if (places_[slot].pid != pid) return end_process_of_worker(slot, pid);
  log::warning(log::every("stuck"), "{} ({}) is stuck: it is ended", places_[slot].title, pid);
  note_limit(slot, limit, after);
  const auto done = kernel_.kill(pid, places_[slot].process, SIGKILL);
  if (!done) log::error("kill failed", "{}", done.error().sentence());
}

bool worker_table::is_of(std::uint32_t worker, pid_t pid) const {
  if (worker == 0 || worker > places_.size() || pid <= 0) return false;
  const auto own = places_[worker - 1].pid;
  if (own == 0) return false;
  if (own == pid) return true;
  const auto facts = os::facts_of_process(pid);
  return facts && facts->parent == own;
}

/// Whether a dead worker can have reaped this process. Such a process is gone, or another one has
/// its number by now: never a worker, nor a process of ours.
bool worker_table::may_have_ended(std::uint32_t worker, pid_t pid) const {
  if (pid == ::getpid() || children_.contains(pid)) return false;
  const bool is_worker = std::ranges::find(places_, pid, &worker_process::pid) != places_.end();
  return !is_worker && worker != 0;
}

/// Another process may have the number by now. So the descriptor is opened first, and only then the
/// parent is checked: it must still be that worker.
void worker_table::end_process_of_worker(std::size_t slot, pid_t pid) {
  const auto handle = os::open_pidfd(pid);
  const auto facts = os::facts_of_process(pid);
  const auto own = places_[slot].pid;
  if (!handle || own == 0 || !facts || facts->parent != own) return;
  log::warning(log::every("stuck"),
               "process {}, which serves for worker process {}, is stuck: "
               "it is ended",
               pid, facts->parent);
  static_cast<void>(os::send_signal(*handle, SIGKILL));
}

void worker_table::forget(std::size_t slot) {
  places_[slot] = {};
  counters_.at(slot).pid.store(0);
}

}  // namespace samjoko::supervise

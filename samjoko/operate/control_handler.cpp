#include <samjoko/operate/control_handler.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <samjoko/base/counted.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/operate/json_text.hpp>
#include <samjoko/os/process_facts.hpp>

namespace samjoko::operate {
namespace {

double seconds(steady::duration time) { return std::chrono::duration<double>(time).count(); }

answer refusal(std::string words) { return {.code = answer_refused, .text = std::move(words)}; }

/// What was done, in the form that was asked for.
answer done(const request& asked, std::string words, const std::string& fields) {
  if (!asked.json) return {.code = answer_done, .text = std::move(words)};
  return {.code = answer_done, .text = fmt::format("{{{}}}\n", fields)};
}

/// Puts an error into JSON too, when the client asked for JSON.
answer in_form(answer given, bool json) {
  if (given.code == answer_done) return given;
  given.text =
      json ? fmt::format("{{\"error\":{}}}\n", json_string(given.text)) : given.text + "\n";
  return given;
}

answer no_death(std::uint64_t number) {
  return refusal(fmt::format("no death of number {} is kept", number));
}

std::string all_of(const std::vector<std::string>& records, bool json) {
  if (json) return fmt::format("[{}]\n", fmt::join(records, ","));
  if (records.empty()) return "no process has died\n";
  return fmt::format("{}\n", fmt::join(records, "\n"));
}

}  // namespace

control_handler::control_handler(settings how)
    : settings_(std::move(how)),
      notifier_(std::move(settings_.manager), std::move(settings_.when_ready)) {
  if (!settings_.control) return;
  control_ = control(std::move(settings_.control),
                     [this](std::string_view line) { return answer_text(respond(line)); });
}

void control_handler::begin(const supervise::plan& seen,
                            std::vector<supervise::named_listener>& listeners,
                            supervise::master_commands commands, steady::time_point now) {
  plan_ = &seen;
  listeners_ = &listeners;
  commands_ = std::move(commands);
  started_ = now;
  names_of_listeners_.resize(seen.groups());
  for (const auto& each : listeners) names_of_listeners_.at(each.group).push_back(each.name);
}

void control_handler::worker_started(std::size_t slot, pid_t pid, steady::time_point now) {
  if (workers_.size() <= slot) workers_.resize(slot + 1);
  workers_[slot].pid = pid;
  workers_[slot].since = now;
  ++workers_[slot].started;
}

void control_handler::worker_ended(std::size_t slot, const std::string& title,
                                   const os::exit_status& how, steady::time_point now) {
  if (workers_.size() <= slot) workers_.resize(slot + 1);
  auto& worker = workers_[slot];
  const auto age = seconds(now - worker.since);
  worker.last_end = how.sentence();
  end_record record;
  record.sentence =
      fmt::format("{} ({}) {}, {:.3f} s after its start", title, worker.pid, how.sentence(), age);
  const auto code = how.how() == os::ending::exited ? std::to_string(how.code()) : "null";
  const auto signal = how.how() == os::ending::killed ? std::to_string(how.signal()) : "null";
  record.json = fmt::format(
      R"({{"worker":{},"pid":{},"age_seconds":{:.3f},"code":{},"signal":{},"core_dumped":{},)"
      R"("ended":{}}})",
      json_string(title), worker.pid, age, code, signal, how.core_dumped(),
      json_string(how.sentence()));
  worker.pid = 0;
  const auto at = ends_seen_++ % ends_kept;
  if (at < ends_.size()) {
    ends_[at] = std::move(record);
  } else {
    ends_.push_back(std::move(record));
  }
}

void control_handler::add_to(std::vector<pollfd>& polled, steady::time_point now) {
  control_.add_to(polled, now);
}

deadline control_handler::next_time() const {
  return std::min(control_.next_time(), notifier_.next_time());
}

void control_handler::take_turn(std::span<const pollfd> polled, steady::time_point now) {
  now_ = now;
  control_.take_turn(polled, now);
}

void control_handler::close_in_child() {
  control_.close();
  notifier_.close();
}

answer control_handler::respond(std::string_view line) {
  const auto asked = parse_request(line);
  if (!asked) return {.code = answer_not_understood, .text = asked.error().on() + "\n"};
  return in_form(obey(*asked), asked->json);
}

answer control_handler::obey(const request& asked) {
  const bool changes = asked.what != asked_for::status && asked.what != asked_for::deaths;
  if (changes) {
    const auto line = request_line(asked);
    log::notice(log::every("control"), "asked through the control socket: {}",
                line.substr(0, line.size() - 1));
  }
  switch (asked.what) {
    case asked_for::status: return tell_status(asked.json);
    case asked_for::deaths: return tell_deaths(asked);
    case asked_for::scale: return scale(asked);
    case asked_for::reset_failed: return reset_failed(asked);
    case asked_for::stop:
    case asked_for::stop_now: return stop(asked);
    case asked_for::reopen_logs: return reopen_logs(asked);
  }
  return refusal("not supported");
}

answer control_handler::tell_status(bool json) const {
  const auto seen = view();
  return {.code = answer_done, .text = json ? as_json(seen) : as_text(seen)};
}

answer control_handler::tell_deaths(const request& asked) const {
  if (settings_.deaths) {
    const auto told = settings_.deaths(asked.json, asked.count);
    return told ? answer{.code = answer_done, .text = *told} : no_death(asked.count);
  }
  if (asked.count != 0) return no_death(asked.count);
  std::vector<std::string> records;
  for (std::size_t n = 0; n < ends_.size(); ++n) {
    const auto& each = ends_[(ends_seen_ + n) % ends_.size()];  // the oldest first
    records.push_back(asked.json ? each.json : each.sentence);
  }
  return {.code = answer_done, .text = all_of(records, asked.json)};
}

answer control_handler::scale(const request& asked) {
  const auto group = find_group(asked.group);
  if (!group) return refusal(group.error().on());
  if (plan_->is_helper(*group))
    return refusal(fmt::format("{} is one process and cannot be scaled", name_of_group(*group)));
  if (plan_->now_in() != supervise::plan::phase::running) return refusal("the service is stopping");
  if (plan_->is_closed(*group))
    return refusal(fmt::format("all workers of {} were given up: '{} reset-failed' first",
                               name_of_group(*group), settings_.program));
  commands_.scale(*group, asked.count);
  const auto wanted = plan_->wanted_of(*group);
  if (wanted != asked.count)
    return refusal(fmt::format("{} of {} {} wanted now: a program has not more in all",
                               counted(wanted, "worker"), name_of_group(*group),
                               wanted == 1 ? "is" : "are"));
  return done(asked,
              fmt::format("{} of {} {} wanted\n", counted(wanted, "worker"), name_of_group(*group),
                          wanted == 1 ? "is" : "are"),
              fmt::format(R"("group":{},"wanted":{})", json_string(name_of_group(*group)), wanted));
}

answer control_handler::reset_failed(const request& asked) {
  if (plan_->now_in() != supervise::plan::phase::running) return refusal("the service is stopping");
  std::vector<std::size_t> groups;
  if (asked.group.empty()) {
    for (std::size_t group = 0; group < plan_->groups(); ++group) groups.push_back(group);
  } else {
    const auto one = find_group(asked.group);
    if (!one) return refusal(one.error().on());
    groups.push_back(*one);
  }
  std::size_t count = 0;
  for (const auto group : groups) {
    const auto revived = revive(group);
    if (!revived)
      return refusal(fmt::format("{} cannot be opened again: {}", name_of_group(group),
                                 revived.error().sentence()));
    count += *revived;
  }
  if (count == 0) return refusal("no worker has failed");
  return done(
      asked,
      fmt::format("{} {} started again\n", counted(count, "worker"), count == 1 ? "is" : "are"),
      fmt::format(R"("revived":{})", count));
}

/// Returns how many slots are tried anew.
result<std::size_t> control_handler::revive(std::size_t group) {
  const auto count = given_up_in(group);
  if (count == 0) return std::size_t{0};
  if (plan_->is_closed(group)) {
    if (!settings_.open_group) return failure(condition::bad_argument, "open listeners");
    if (auto opened = settings_.open_group(*listeners_, group); !opened) return failure_of(opened);
  }
  commands_.revive(group);
  return count;
}

answer control_handler::stop(const request& asked) {
  commands_.order(asked.what == asked_for::stop ? supervise::master_order::graceful
                                                : supervise::master_order::immediate);
  return done(asked, fmt::format("process {} stops\n", ::getpid()),
              fmt::format(R"("stopping":{})", ::getpid()));
}

answer control_handler::reopen_logs(const request& asked) {
  if (auto reopened = commands_.reopen_log(); !reopened)
    return refusal(reopened.error().is(condition::bad_argument)
                       ? reopened.error().on()
                       : "the log is not reopened: " + reopened.error().sentence());
  return done(asked, "the log was reopened\n", R"("reopened":true)");
}

service_view control_handler::view() const {
  service_view seen{
      .program = settings_.program,
      .version = settings_.version,
      .pid = ::getpid(),
      .uptime = seconds(now_ - started_),
      .phase = std::string(phase_name(*plan_, notifier_.was_ready())),
      .deaths = settings_.death_count ? settings_.death_count() : ends_seen_,
      .storms = settings_.storms ? settings_.storms() : std::vector<postmortem::storm_of_deaths>(),
      .groups = {}};
  for (std::size_t group = 0; group < plan_->groups(); ++group)
    seen.groups.push_back(view_of(group));
  return seen;
}

group_view control_handler::view_of(std::size_t group) const {
  group_view seen{.name = name_of_group(group),
                  .model = group < settings_.groups.size() ? settings_.groups[group].model : "",
                  .listeners = names_of_listeners_[group],
                  .open = !plan_->is_closed(group),
                  .wanted = plan_->wanted_of(group),
                  .workers = {}};
  for (std::size_t slot = 0; slot < plan_->slots(); ++slot) {
    const bool is_there = plan_->is_wanted(slot) || supervise::has_process(plan_->state(slot));
    if (plan_->group_of(slot) == group && is_there) seen.workers.push_back(worker_at(slot));
  }
  return seen;
}

worker_view control_handler::worker_at(std::size_t slot) const {
  worker_view seen;
  seen.number = slot + 1;
  seen.state = plan_->state(slot);
  if (settings_.connections_of) seen.connections = settings_.connections_of(slot);
  if (seen.state == supervise::slot_state::backoff)
    seen.next_try = std::max(0.0, seconds(plan_->timer(slot).at() - now_));
  if (slot >= workers_.size()) return seen;
  const auto& known = workers_[slot];
  seen.pid = known.pid;
  if (seen.pid != 0) {
    const auto facts = os::facts_of_process(seen.pid);
    seen.is_stopped = facts && facts->is_stopped();
  }
  seen.age = known.pid == 0 ? 0 : seconds(now_ - known.since);
  seen.restarts = known.started == 0 ? 0 : known.started - 1;
  seen.last_end = known.last_end;
  return seen;
}

result<std::size_t> control_handler::find_group(const std::string& name) const {
  std::string names;
  for (std::size_t group = 0; group < plan_->groups(); ++group) {
    if (name == name_of_group(group)) return group;
    names += (names.empty() ? "" : ", ") + name_of_group(group);
  }
  // A request without a group never means a helper.
  const bool is_alone = plan_->groups() == 1 || plan_->is_helper(1);
  if (name.empty() && is_alone) return std::size_t{0};
  return failure(condition::bad_argument, "group",
                 name.empty()
                     ? fmt::format("there are several groups, name one by --group: {}", names)
                     : fmt::format("there is no group '{}', there are: {}", name, names));
}

std::string control_handler::name_of_group(std::size_t group) const {
  if (group < settings_.groups.size()) return settings_.groups[group].name;
  return fmt::format("group {}", group + 1);
}

std::size_t control_handler::given_up_in(std::size_t group) const {
  std::size_t count = 0;
  for (std::size_t slot = 0; slot < plan_->slots(); ++slot) {
    const auto state = plan_->state(slot);
    const bool given_up =
        state == supervise::slot_state::failed || state == supervise::slot_state::disabled;
    if (plan_->group_of(slot) == group && plan_->is_wanted(slot) && given_up) ++count;
  }
  return count;
}

}  // namespace samjoko::operate

#include <samjoko/operate/status.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <samjoko/base/counted.hpp>
#include <samjoko/operate/json_text.hpp>

namespace samjoko::operate {
namespace {

connection_counts& operator+=(connection_counts& sum, const connection_counts& more) {
  sum.open += more.open;
  sum.accepted += more.accepted;
  sum.refused += more.refused;
  sum.accept_pauses += more.accept_pauses;
  return sum;
}

struct totals {
  std::size_t wanted = 0;
  std::size_t ready = 0;
  connection_counts connections;
};

totals totals_of(const service_view& seen) {
  totals all;
  for (const auto& group : seen.groups) {
    all.wanted += group.wanted;
    for (const auto& each : group.workers) {
      const bool is_up = each.state == supervise::slot_state::settling ||
                         each.state == supervise::slot_state::stable;
      if (is_up && !each.is_stopped) ++all.ready;
      all.connections += each.connections;
    }
  }
  return all;
}

std::string time_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds < 0 ? 0 : seconds);
  if (whole < 60) return fmt::format("{:.1f}s", seconds < 0 ? 0 : seconds);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
  return fmt::format("{}", fmt::join(all, between));
}

std::string worker_line(const worker_view& each) {
  const auto pid = each.pid == 0 ? "-" : std::to_string(each.pid);
  const auto age = each.pid == 0 ? "-" : time_text(each.age);
  const auto& counts = each.connections;
  return fmt::format("  {:>6} {:>8} {:<11} {:>8} {:>8} {:>7} {:>10} {:>8} {:>7}\n", each.number,
                     pid, each.is_stopped ? "stopped" : supervise::name_of(each.state), age,
                     each.restarts, counts.open, counts.accepted, counts.refused,
                     counts.accept_pauses);
}

/// Below the table: what is wrong with a worker, and what to do.
std::string trouble_of(const worker_view& each, const std::string& program) {
  std::string text;
  if (each.next_try)
    text +=
        fmt::format("  worker {} is started again in {}", each.number, time_text(*each.next_try));
  const auto advice = advice_for(each.state, program);
  if (!advice.empty())
    text += fmt::format("  worker {} {} {}", each.number,
                        each.state == supervise::slot_state::failed ? "has" : "is",
                        supervise::name_of(each.state));
  if (text.empty() && each.is_stopped)
    return fmt::format(
        "  worker {} is stopped, by a signal or a debugger: it serves no client\n"
        "    to do: 'kill -CONT {}'\n",
        each.number, each.pid);
  if (text.empty()) return text;
  if (!each.last_end.empty()) text += fmt::format(": the last one {}", each.last_end);
  text += "\n";
  return advice.empty() ? text : fmt::format("{}    to do: {}\n", text, advice);
}

std::string storm_line(const postmortem::storm_of_deaths& storm, const std::string& program) {
  auto text = fmt::format("a storm of deaths: {} within 10 s: {}", storm.deaths, storm.kind);
  if (storm.request.times > 0)
    text += fmt::format("; {} served \"{}\"", storm.request.times, storm.request.text);
  return fmt::format("{}\n  to do: see '{} deaths', end what causes them\n", text, program);
}

std::string json_or_null(const std::string& text) {
  return text.empty() ? "null" : json_string(text);
}

std::string json_storm(const postmortem::storm_of_deaths& storm) {
  return fmt::format(R"({{"deaths":{},"kind":{},"request":{},"of_the_request":{}}})", storm.deaths,
                     json_string(storm.kind), json_or_null(storm.request.text),
                     storm.request.times);
}

std::string json_counts(const connection_counts& counts) {
  return fmt::format(R"("connections":{{"open":{},"accepted":{},"refused":{}}},"accept_pauses":{})",
                     counts.open, counts.accepted, counts.refused, counts.accept_pauses);
}

std::string json_worker(const worker_view& each, const std::string& program) {
  return fmt::format(R"({{"number":{},"pid":{},"state":"{}",{}"age_seconds":{},"restarts":{},)"
                     R"("next_try_seconds":{},"last_end":{},"advice":{},{}}})",
                     each.number, each.pid == 0 ? "null" : std::to_string(each.pid),
                     supervise::name_of(each.state), each.is_stopped ? R"("stopped":true,)" : "",
                     each.pid == 0 ? "null" : fmt::format("{:.3f}", each.age), each.restarts,
                     each.next_try ? fmt::format("{:.3f}", *each.next_try) : "null",
                     json_or_null(each.last_end), json_or_null(advice_for(each.state, program)),
                     json_counts(each.connections));
}

std::string json_group(const group_view& group, const std::string& program) {
  std::vector<std::string> listeners;
  std::vector<std::string> workers;
  for (const auto& each : group.listeners) listeners.push_back(json_string(each));
  for (const auto& each : group.workers) workers.push_back(json_worker(each, program));
  return fmt::format(
      R"({{"name":{},"model":{},"listeners":[{}],"open":{},"wanted":{},"workers":[{}]}})",
      json_string(group.name), json_string(group.model), joined(listeners, ","), group.open,
      group.wanted, joined(workers, ","));
}

}  // namespace

connection_counts counts_of(const scoreboard::counters& slot) noexcept {
  // A process that died between two of its steps may have left `open` one too low.
  return {.open = static_cast<std::uint64_t>(std::max<std::int64_t>(slot.open.load(), 0)),
          .accepted = slot.accepted.load(),
          .refused = slot.refused.load(),
          .accept_pauses = slot.accept_pauses.load()};
}

std::string advice_for(supervise::slot_state state, const std::string& program) {
  if (state == supervise::slot_state::failed)
    return fmt::format(
        "see '{0} deaths' and the log for the cause, remove it, then '{0} reset-failed'", program);
  if (state == supervise::slot_state::disabled)
    return fmt::format("it asked not to be started again; '{} reset-failed' does so all the same",
                       program);
  return {};
}

std::string as_text(const service_view& seen) {
  const auto all = totals_of(seen);
  const auto& counts = all.connections;
  auto text = fmt::format("{} {}, process {}, {} for {}\n", seen.program, seen.version, seen.pid,
                          seen.phase, time_text(seen.uptime));
  text += fmt::format("{} of {} ready; connections: {} open, {} accepted, {} refused\n", all.ready,
                      counted(all.wanted, "worker"), counts.open, counts.accepted, counts.refused);
  if (seen.deaths > 0)
    text += fmt::format("{} death{} since the start: '{} deaths' says why\n", seen.deaths,
                        seen.deaths == 1 ? "" : "s", seen.program);
  for (const auto& storm : seen.storms) text += storm_line(storm, seen.program);
  for (const auto& group : seen.groups) {
    text +=
        fmt::format("\n{}: {} on {}{}\n", group.name, group.model, joined(group.listeners, ", "),
                    group.open ? "" : " (closed: no worker is left)");
    text += fmt::format("  {:>6} {:>8} {:<11} {:>8} {:>8} {:>7} {:>10} {:>8} {:>7}\n", "worker",
                        "pid", "state", "age", "restarts", "open", "accepted", "refused", "pauses");
    for (const auto& each : group.workers) text += worker_line(each);
    for (const auto& each : group.workers) text += trouble_of(each, seen.program);
  }
  return text;
}

std::string as_json(const service_view& seen) {
  const auto all = totals_of(seen);
  std::vector<std::string> groups;
  for (const auto& each : seen.groups) groups.push_back(json_group(each, seen.program));
  std::vector<std::string> storms;
  for (const auto& storm : seen.storms) storms.push_back(json_storm(storm));
  return fmt::format(
      R"({{"program":{},"version":{},"pid":{},"uptime_seconds":{:.3f},"phase":"{}",)"
      R"("deaths":{},"storms":[{}],"groups":[{}],"totals":{{"wanted":{},"ready":{},{}}}}})"
      "\n",
      json_string(seen.program), json_string(seen.version), seen.pid, seen.uptime, seen.phase,
      seen.deaths, joined(storms, ","), joined(groups, ","), all.wanted, all.ready,
      json_counts(all.connections));
}

}  // namespace samjoko::operate

#include <samjoko/postmortem/death_storm.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/postmortem/call_text.hpp>
#include <samjoko/postmortem/death_text.hpp>

namespace samjoko::postmortem {
namespace {

constexpr std::size_t place_length = 120;
constexpr std::string_view all_others = "other deaths";

std::string role_of(const death_record& dead) {
  switch (dead.role) {
    case death_role::worker: return "worker";
    case death_role::client_process: return "process of one client";
    case death_role::pool_process: return "process of the pool";
    case death_role::orphan: return "adopted orphan";
    case death_role::other: return std::string(dead.title.view());
  }
  return "process";
}

/// The innermost call of the user's own code: another place in the code is another kind.
std::string place_of(const death_record& dead) {
  const auto calls = own_calls(dead.stack.view(), 1);
  if (calls.empty()) return {};
  auto words = call_in_short(calls.front());
  if (words.size() > place_length) words.resize(place_length);
  return ", in " + words;
}

std::string request_of(const death_record& dead) {
  return dead.request.empty() || !dead.was_running ? std::string()
                                                   : std::string(dead.request.view());
}

std::string request_text(const recurring::found& request, std::uint64_t of) {
  if (request.times == 0) return {};
  return fmt::format("; {} of {} served \"{}\"", request.times, of, request.text);
}

}  // namespace

std::string kind_of(const death_record& dead) {
  const auto limit =
      dead.limit == own_limit::none ? std::string() : fmt::format(" ({})", name_of(dead.limit));
  return fmt::format("{} {}, {}{}{}", role_of(dead), status_of(dead).sentence(),
                     name_of(dead.cause), limit, place_of(dead));
}

void recurring::add(std::string_view text) {
  if (text.empty()) return;
  const auto known = std::ranges::find(seen_, text, &found::text);
  if (known != seen_.end()) {
    ++known->times;
  } else if (seen_.size() < room) {
    seen_.push_back({std::string(text), 1});
  }
}

recurring::found recurring::most() const {
  const auto most = std::ranges::max_element(seen_, {}, &found::times);
  return most == seen_.end() ? found{} : *most;
}

std::vector<storm_of_deaths> storms_in(const std::vector<death_record>& records,
                                       std::int64_t now_ms, std::int64_t window_ms,
                                       std::uint64_t least) {
  struct counted {
    std::string kind;
    std::uint64_t deaths = 0;
    recurring requests{};
  };
  std::vector<counted> kinds;
  for (const auto& dead : records) {
    if (dead.when_ms < now_ms - window_ms || dead.when_ms > now_ms + window_ms) continue;
    const auto name = kind_of(dead);
    auto one = std::ranges::find(kinds, name, &counted::kind);
    if (one == kinds.end()) one = kinds.insert(kinds.end(), {name});
    ++one->deaths;
    one->requests.add(request_of(dead));
  }
  std::vector<storm_of_deaths> storms;
  for (const auto& each : kinds)
    if (each.deaths > least) storms.push_back({each.kind, each.deaths, each.requests.most()});
  std::ranges::sort(storms, std::greater(), &storm_of_deaths::deaths);
  return storms;
}

death_storm::kind& death_storm::find(const death_record& dead, steady::time_point now) {
  auto name = kind_of(dead);
  auto known = std::ranges::find(kinds_, name, &kind::name);
  if (known != kinds_.end()) return *known;
  if (kinds_.size() >= most_kinds)  // kinds that are quiet make room
    std::erase_if(kinds_,
                  [&](const kind& each) { return !each.storms && now - each.seen > over_after; });
  if (kinds_.size() >= most_kinds) {
    name = all_others;
    known = std::ranges::find(kinds_, name, &kind::name);
    if (known != kinds_.end()) return *known;
  }
  auto& made = kinds_.emplace_back();
  made.name = std::move(name);
  made.in_full = static_cast<double>(burst_);
  made.seen = now;
  return made;
}

bool death_storm::tells(const death_record& dead, steady::time_point now) {
  if (burst_ == 0) return true;
  auto& one = find(dead, now);
  const std::chrono::duration<double> quiet = now - one.seen;
  one.in_full = std::min(one.in_full + quiet.count(), static_cast<double>(burst_));
  one.seen = now;
  if (!one.storms && one.in_full >= 1) {
    one.in_full -= 1;
    return true;
  }
  if (!one.storms) {
    one.storms = true;
    one.since = one.line = now;
    one.total = 0;
  }
  ++one.total;
  ++one.untold;
  one.requests.add(request_of(dead));
  one.last = who(dead);
  return false;
}

std::string death_storm::line_of(kind& told, steady::time_point now) {
  const std::chrono::duration<double> lasted = now - told.since;
  const auto text = fmt::format(
      "a storm of deaths: {} more, {} in {:.0f} s: {}{}; the last was {}; the command 'deaths' has "
      "each",
      told.untold, told.total, lasted.count(), told.name,
      request_text(told.requests.most(), told.untold), told.last);
  told.untold = 0;
  told.line = now;
  told.requests = {};
  return text;
}

std::vector<std::string> death_storm::take_lines(steady::time_point now, bool all) {
  std::vector<std::string> lines;
  for (auto& each : kinds_) {
    if (!each.storms) continue;
    if (each.untold > 0 && (all || now - each.line >= between_lines))
      lines.push_back(line_of(each, now));
    if (now - each.seen < over_after) continue;
    each.storms = false;
    lines.push_back(fmt::format("the storm of deaths is over: {} were not told one by one: {}",
                                each.total, each.name));
  }
  return lines;
}

bool death_storm::lasts() const noexcept {
  return std::ranges::any_of(kinds_, [](const kind& each) { return each.storms; });
}

}  // namespace samjoko::postmortem

#include <samjoko/supervise/plan_table.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace samjoko::supervise {
namespace {

using enum slot_state;
using on = slot_event;
using act = slot_action;

constexpr transition table[] = {
    {empty, on::wanted, starting, act::fork},

    {starting, on::ready, young, act::none},
    {starting, on::leaves, draining, act::none},
    {starting, on::stop, draining, act::tell_graceful},
    {starting, on::stop_now, cut, act::tell_immediate},
    {starting, on::boot_over, cut, act::tell_immediate},
    {starting, on::fork_failed, waiting, act::none},
    {starting, on::failed, waiting, act::none},
    {starting, on::failed_often, parked, act::none},
    {starting, on::retired, retired, act::none},

    {young, on::aged, grown, act::none},
    {young, on::leaves, draining, act::none},
    {young, on::stop, draining, act::tell_graceful},
    {young, on::stop_now, cut, act::tell_immediate},
    {young, on::died, starting, act::fork},
    {young, on::held, waiting, act::none},
    {young, on::failed, waiting, act::none},
    {young, on::failed_often, parked, act::none},
    {young, on::retired, retired, act::none},

    {grown, on::leaves, draining, act::none},
    {grown, on::stop, draining, act::tell_graceful},
    {grown, on::stop_now, cut, act::tell_immediate},
    {grown, on::died, starting, act::fork},
    {grown, on::held, waiting, act::none},
    {grown, on::retired, retired, act::none},

    {draining, on::stop_now, cut, act::tell_immediate},
    {draining, on::drain_over, cut, act::tell_immediate},
    {draining, on::failed, waiting, act::none},
    {draining, on::failed_often, parked, act::none},
    {draining, on::died, starting, act::fork},
    {draining, on::held, waiting, act::none},
    {draining, on::left, empty, act::none},
    {draining, on::retired, retired, act::none},

    {cut, on::stop_now, killed, act::kill},
    {cut, on::grace_over, killed, act::kill},
    {cut, on::failed, waiting, act::none},
    {cut, on::failed_often, parked, act::none},
    {cut, on::died, starting, act::fork},
    {cut, on::held, waiting, act::none},
    {cut, on::left, empty, act::none},
    {cut, on::retired, retired, act::none},

    {killed, on::failed, waiting, act::none},
    {killed, on::failed_often, parked, act::none},
    {killed, on::died, starting, act::fork},
    {killed, on::held, waiting, act::none},
    {killed, on::left, empty, act::none},
    {killed, on::retired, retired, act::none},

    {waiting, on::due, starting, act::fork},
    {waiting, on::stop, empty, act::none},
    {waiting, on::stop_now, empty, act::none},

    {parked, on::recalled, starting, act::fork},
    {parked, on::stop, empty, act::none},
    {parked, on::stop_now, empty, act::none},

    {retired, on::recalled, starting, act::fork},
    {retired, on::stop, empty, act::none},
    {retired, on::stop_now, empty, act::none},
};

constexpr std::array<std::string_view, 10> state_names = {
    "empty", "starting", "young",   "grown",  "draining",
    "cut",   "killed",   "waiting", "parked", "retired"};
constexpr std::array<std::string_view, 18> event_names = {
    "wanted",       "ready",      "aged",       "leaves", "stop",        "stop now",
    "boot over",    "drain over", "grace over", "due",    "fork failed", "failed",
    "failed often", "died",       "held back",  "left",   "retired",     "recalled"};
constexpr std::array<std::string_view, 5> action_names = {"", "fork", "tell: stop gracefully",
                                                          "tell: stop at once", "kill"};

/// "stop / tell: stop gracefully, ready": the events that lead from one state to the other.
std::string events_between(slot_state from, slot_state to) {
  std::string text;
  for (const auto& row : table) {
    if (row.from != from || row.to != to) continue;
    if (!text.empty()) text += ", ";
    text += name_of(row.on);
    if (row.act != slot_action::none) text += fmt::format(" ({})", name_of(row.act));
  }
  std::erase(text, ':');  // it would begin another name
  return text;
}

}  // namespace

std::span<const transition> transitions() noexcept { return table; }

const transition* find_transition(slot_state from, slot_event event) noexcept {
  for (const auto& row : table) {
    if (row.from == from && row.on == event) return &row;
  }
  return nullptr;
}

bool has_process(slot_state state) noexcept {
  switch (state) {
    case starting:
    case young:
    case grown:
    case draining:
    case cut:
    case killed: return true;
    case empty:
    case waiting:
    case parked:
    case slot_state::retired: return false;
  }
  return false;
}

std::string_view name_of(slot_state state) noexcept {
  return state_names[static_cast<std::size_t>(state)];
}
std::string_view name_of(slot_event event) noexcept {
  return event_names[static_cast<std::size_t>(event)];
}
std::string_view name_of(slot_action action) noexcept {
  return action_names[static_cast<std::size_t>(action)];
}

std::string transitions_as_markdown() {
  std::string text = "| state | event | next state | action |\n|---|---|---|---|\n";
  for (const auto& row : table) {
    text += fmt::format("| {} | {} | {} | {} |\n", name_of(row.from), name_of(row.on),
                        name_of(row.to), name_of(row.act));
  }
  return text;
}

std::string transitions_as_diagram() {
  std::string text = "stateDiagram-v2\n    [*] --> empty\n";
  std::vector<std::pair<slot_state, slot_state>> drawn;
  for (const auto& row : table) {
    const auto ends = std::pair(row.from, row.to);
    if (std::ranges::find(drawn, ends) != drawn.end()) continue;
    drawn.push_back(ends);
    text += fmt::format("    {} --> {}: {}\n", name_of(row.from), name_of(row.to),
                        events_between(row.from, row.to));
  }
  return text;
}

}  // namespace samjoko::supervise

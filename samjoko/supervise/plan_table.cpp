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

    {starting, on::ready, settling, act::none},
    {starting, on::leaves, draining, act::none},
    {starting, on::stop, draining, act::tell_graceful},
    {starting, on::stop_now, terminating, act::tell_immediate},
    {starting, on::boot_over, terminating, act::tell_immediate},
    {starting, on::fork_failed, backoff, act::none},
    {starting, on::failed, backoff, act::none},
    {starting, on::failed_often, failed, act::none},
    {starting, on::disabled, disabled, act::none},

    {settling, on::settled, stable, act::none},
    {settling, on::leaves, draining, act::none},
    {settling, on::stop, draining, act::tell_graceful},
    {settling, on::stop_now, terminating, act::tell_immediate},
    {settling, on::died, starting, act::fork},
    {settling, on::held, backoff, act::none},
    {settling, on::failed, backoff, act::none},
    {settling, on::failed_often, failed, act::none},
    {settling, on::disabled, disabled, act::none},

    {stable, on::leaves, draining, act::none},
    {stable, on::stop, draining, act::tell_graceful},
    {stable, on::stop_now, terminating, act::tell_immediate},
    {stable, on::died, starting, act::fork},
    {stable, on::held, backoff, act::none},
    {stable, on::disabled, disabled, act::none},

    {draining, on::stop_now, terminating, act::tell_immediate},
    {draining, on::drain_over, terminating, act::tell_immediate},
    {draining, on::failed, backoff, act::none},
    {draining, on::failed_often, failed, act::none},
    {draining, on::died, starting, act::fork},
    {draining, on::held, backoff, act::none},
    {draining, on::left, empty, act::none},
    {draining, on::disabled, disabled, act::none},

    {terminating, on::stop_now, killed, act::kill},
    {terminating, on::grace_over, killed, act::kill},
    {terminating, on::failed, backoff, act::none},
    {terminating, on::failed_often, failed, act::none},
    {terminating, on::died, starting, act::fork},
    {terminating, on::held, backoff, act::none},
    {terminating, on::left, empty, act::none},
    {terminating, on::disabled, disabled, act::none},

    {killed, on::failed, backoff, act::none},
    {killed, on::failed_often, failed, act::none},
    {killed, on::died, starting, act::fork},
    {killed, on::held, backoff, act::none},
    {killed, on::left, empty, act::none},
    {killed, on::disabled, disabled, act::none},

    {backoff, on::due, starting, act::fork},
    {backoff, on::stop, empty, act::none},
    {backoff, on::stop_now, empty, act::none},

    {failed, on::revived, starting, act::fork},
    {failed, on::stop, empty, act::none},
    {failed, on::stop_now, empty, act::none},

    {disabled, on::revived, starting, act::fork},
    {disabled, on::stop, empty, act::none},
    {disabled, on::stop_now, empty, act::none},
};

constexpr std::array<std::string_view, 10> state_names = {
    "empty",       "starting", "settling", "stable", "draining",
    "terminating", "killed",   "backoff",  "failed", "disabled"};
constexpr std::array<std::string_view, 18> event_names = {
    "wanted",       "ready",      "settled",    "leaves", "stop",        "stop now",
    "boot over",    "drain over", "grace over", "due",    "fork failed", "failed",
    "failed often", "died",       "held back",  "left",   "disabled",    "revived"};
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
    case settling:
    case stable:
    case draining:
    case terminating:
    case killed: return true;
    case empty:
    case backoff:
    case failed:
    case slot_state::disabled: return false;
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

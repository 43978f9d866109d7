#include <samjoko/io/simulated_loop.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <samjoko/base/check.hpp>
#include <samjoko/base/counted.hpp>

namespace samjoko::io {
namespace {

const char* name_of(operation_kind kind) noexcept {
  switch (kind) {
    case operation_kind::accept: return "a client";
    case operation_kind::connect: return "a connection";
    case operation_kind::receive: return "bytes";
    case operation_kind::readable: return "something to read";
    case operation_kind::sleep: return "a moment";
    default: return "room to send";
  }
}

}  // namespace

simulated_loop::simulated_loop(std::uint64_t seed, simulated_faults faults)
    : loop(false), chance_(seed), network_(chance_, faults), now_(steady::now()) {
  observer = this;
  frame_pool::watch(this);
}

simulated_loop::~simulated_loop() { frame_pool::watch(nullptr); }

void simulated_loop::trace(std::uint64_t what, std::int64_t value) noexcept {
  for (const auto word : {what, static_cast<std::uint64_t>(value)})
    trace_ = (trace_ ^ word) * 0x100000001b3u;
}

void simulated_loop::set_due(operation& wanted) noexcept {
  wanted.due = timers::due_of(wanted, now_, steady::duration::zero());
}

start simulated_loop::begin(operation& wanted) {
  trace(static_cast<std::uint64_t>(wanted.kind), wanted.fd);
  if (is_immediate(wanted.kind)) {
    const bool in_use =
        std::ranges::any_of(pending_, [&](const auto* each) { return each->fd == wanted.fd; });
    SAMJOKO_CHECK(!in_use || wanted.kind < operation_kind::release,
                  "closed or given away with an operation in flight");
    network_.do_now(wanted, buffers());
    return start::done;
  }
  const auto is_rival = [&](const operation* each) {
    return each->fd == wanted.fd && each->kind != operation_kind::sleep &&
           waits_to_send(each->kind) == waits_to_send(wanted.kind);
  };
  SAMJOKO_CHECK(wanted.kind == operation_kind::sleep || std::ranges::none_of(pending_, is_rival),
                one_at_a_time);
  bool progressed = false;
  const bool tries = wanted.kind != operation_kind::sleep && chance_.below(2) == 0;
  if (tries && network_.attempt(wanted, buffers(), progressed)) {
    trace(1, wanted.result);
    return start::done;
  }
  set_due(wanted);
  wanted.state = operation_state::pending;
  pending_.push_back(&wanted);
  return start::pending;
}

void simulated_loop::cancel(operation& pending) noexcept {
  if (pending.state == operation_state::pending) finish(pending, -ECANCELED);
}

void simulated_loop::finish(operation& ended, std::int64_t result) {
  std::erase(pending_, &ended);
  ended.result = result;
  ended.state = operation_state::finished;
  finished_.push_back(&ended);
}

void simulated_loop::tell(operation& ended) {
  trace(2, ended.result);
  std::erase(finished_, &ended);
  ended.state = operation_state::free;
  ended.complete(ended);
}

void simulated_loop::go_on(operation& pending) {
  bool progressed = false;
  if (network_.attempt(pending, buffers(), progressed)) {
    finish(pending, pending.result);
  } else if (progressed) {
    set_due(pending);
  }
}

void simulated_loop::later(milliseconds delay, std::function<void()> event) {
  events_.emplace(now_ + delay, std::move(event));
}

std::vector<simulated_loop::choice> simulated_loop::choices() {
  std::vector<choice> all;
  if (anything_ready() || anything_posted()) all.emplace_back([this] { run_ready(); });
  if (woken_) {
    all.emplace_back([this] {
      woken_ = false;
      run_attention();
    });
  }
  for (auto* each : finished_) all.emplace_back([this, each] { tell(*each); });
  for (auto* each : pending_) {
    if (each->due <= now_) {
      const auto result = each->kind == operation_kind::sleep ? 0 : -ETIMEDOUT;
      all.emplace_back([this, each, result] { finish(*each, result); });
    } else if (each->kind != operation_kind::sleep && network_.could_go_on(*each)) {
      all.emplace_back([this, each] { go_on(*each); });
    }
  }
  if (!events_.empty() && events_.begin()->first <= now_) {
    all.emplace_back([this] {
      const auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    });
  }
  return all;
}

bool simulated_loop::anything_possible() { return !choices().empty(); }

bool simulated_loop::take_step() {
  auto possible = choices();
  if (possible.empty()) return false;
  const auto chosen = chance_.below(possible.size());
  trace(3, static_cast<std::int64_t>(chosen));
  possible[chosen]();
  return true;
}

void simulated_loop::run() {
  while (live_tasks() > 0) {
    if (take_step() || find_lost_wake_up() || advance_clock(steady::time_point::max())) continue;
    return found(simulated_finding::kind::deadlock, who_waits());
  }
}

void simulated_loop::run_until(steady::time_point end) {
  while (take_step() || find_lost_wake_up() || advance_clock(end)) {
  }
  now_ = std::max(now_, end);
}

/// Nothing goes on. Looks for a wait whose condition is true already, and for work of the attention
/// for which the loop was not woken. A finding is mended as far as possible, so that one run shows
/// more than one.
bool simulated_loop::find_lost_wake_up() {
  for (const auto& each : waits_) {
    if (each.could_go_on == nullptr || !each.could_go_on(*each.who)) continue;
    found(simulated_finding::kind::lost_wake_up,
          fmt::format("{} is there, but who waits for it was not made ready", each.what));
    each.who->cancel(*each.who);
    return true;
  }
  run_attention();
  if (!anything_possible()) return false;
  found(simulated_finding::kind::lost_wake_up, "the attention had work, but nobody woke the loop");
  return true;
}

bool simulated_loop::advance_clock(steady::time_point latest) {
  auto next = steady::time_point::max();
  for (const auto* each : pending_) next = std::min(next, each->due);
  if (!events_.empty()) next = std::min(next, events_.begin()->first);
  if (next == steady::time_point::max() || next > latest) return false;
  now_ = std::max(now_, next);
  return true;
}

std::string simulated_loop::who_waits() const {
  auto story = fmt::format("{} alive, nothing can go on:", counted(live_tasks(), "task"));
  for (const auto* each : pending_)
    story += fmt::format(" {} on {};", name_of(each->kind), each->fd);
  for (const auto& each : waits_) story += fmt::format(" {};", each.what);
  return story;
}

void simulated_loop::found(simulated_finding::kind what, std::string story) {
  trace(4, static_cast<std::int64_t>(what));
  findings_.push_back({what, std::move(story)});
}

void simulated_loop::wait_began(waiting& who, const char* what,
                                bool (*could_go_on)(const waiting&)) noexcept {
  waits_.push_back({&who, what, could_go_on});
}

void simulated_loop::wait_ended(waiting& who) noexcept {
  std::erase_if(waits_, [&](const wait& each) { return each.who == &who; });
}

/// The operation is forgotten: touching it would be the very mistake that is reported.
void simulated_loop::frame_released(const void* frame, std::size_t size) noexcept {
  const auto* begin = static_cast<const std::byte*>(frame);
  const auto inside = [&](const void* at) {
    return !std::less<>()(static_cast<const std::byte*>(at), begin) &&
           std::less<>()(static_cast<const std::byte*>(at), begin + size);
  };
  for (auto* list : {&pending_, &finished_}) {
    for (const auto* each : *list) {
      if (!inside(each)) continue;
      found(simulated_finding::kind::operation_outlives_frame,
            fmt::format("the frame of a task that waits for {} on {} was released",
                        name_of(each->kind), each->fd));
    }
    std::erase_if(*list, inside);
  }
  std::erase_if(waits_, [&](const wait& each) { return inside(each.who); });
}

}  // namespace samjoko::io

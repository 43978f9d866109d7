#pragma once
// Charter: for tests: a kernel simulated from one seed: virtual time, children that boot, crash,
// hang and disobey, forks that fail, signals that merge, orders at any moment. After each step of
// the master it checks the rules, and throws `broken` when one does not hold.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <samjoko/os/poll.hpp>
#include <samjoko/scoreboard/worker_slot.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/testing/simulated_child.hpp>
#include <samjoko/supervise/testing/simulation_rules.hpp>
#include <samjoko/supervise/worker_table.hpp>

namespace samjoko::supervise {

class simulated_kernel : public kernel {
 public:
  simulated_kernel(std::uint64_t seed, const plan_settings& plan, scoreboard::worker_slots& board)
      : random(seed),
        rules(plan, board),
        board_(board),
        started_(board.size()),
        clients_(board.size()) {
    mood_ = static_cast<mood>(random.below(5));
    const auto horizon = random.between(milliseconds(200), milliseconds(200'000));
    constexpr std::array usual = {SIGTTIN, SIGTTOU, SIGHUP, SIGUSR1, SIGUSR2};
    for (auto n = random.below(6); n > 0; --n)
      at(random.between(milliseconds(0), milliseconds(100'000)), what::order, 0,
         usual[random.below(usual.size())]);
    constexpr std::array stops = {SIGTERM, SIGINT, SIGQUIT};
    for (auto n = 1 + random.below(3); n > 0; --n)
      at(horizon + random.between(milliseconds(0), milliseconds(5000)), what::order, 0,
         stops[random.below(stops.size())]);
    for (auto n = random.below(3); n > 0; --n)
      at(random.between(milliseconds(0), milliseconds(60'000)), what::shortage, 0, 1);
  }

  // --- what the master calls
  // ----------------------------------------------------------------------

  steady::time_point now() override { return time_ += std::chrono::microseconds(random.below(3)); }

  void wait(std::vector<pollfd>& for_these, deadline until) override {
    hear_the_master();
    if (++waits_ > 50'000) throw broken("the master spins");
    look(until);
    while (pending_.empty() && !ready(for_these)) {
      const auto next = events_.empty() ? steady::time_point::max() : events_.begin()->first;
      if (until.is_never() && events_.empty()) throw broken("the master sleeps for ever");
      if (until.passed(next)) {
        time_ = std::max(time_, until.at()) + lateness();
        break;
      }
      happen_next();
      while (is_next_near() && random.one_in(2)) happen_next();  // before the master looks
    }
    ready(for_these);
  }

  std::span<const os::signal_notice> take_signals() override {
    taken_.clear();
    for (const auto& [signal, times] : pending_) {
      taken_.push_back({signal, times, 1, 0});
      note('s', signal, times);
      if (signal == SIGCHLD) unannounced_ = 0;
      rules.saw_signal(signal, time_, children_);
    }
    pending_.clear();
    return taken_;
  }

  result<channel::both_ends> open_channel() override {
    if (is_short() && random.one_in(2)) {
      rules.no_channel();
      return failure(EMFILE, "socketpair");
    }
    auto ends = channel::open();
    EXPECT_TRUE(ends);
    worker_end_ = channel(os::descriptor(::dup(ends->worker.descriptor())));
    return ends;
  }

  result<held_process> fork(const std::function<void()>& /*work*/) override {
    const auto slot = slot_being_filled();
    if (is_short() || random.one_in(40)) {
      note('f', slot, 0);
      rules.fork_failed(slot);
      worker_end_.close();
      return failure(random.one_in(2) ? EAGAIN : ENOMEM, "fork");
    }
    ++started_[slot];
    auto& born = add_child(slot);
    born.line = std::move(worker_end_);
    born.will = some_fate(mood_, random);
    rules.forked(born, time_, children_);
    plan_life_of(born);
    note('f', slot, born.pid);
    return held_process{.pid = born.pid, .handle = {}};
  }

  std::optional<os::waited> wait_any() override {
    if (!stops_to_tell_.empty()) {
      const auto told = stops_to_tell_.back();
      stops_to_tell_.pop_back();
      if (find(told.first) != nullptr) return os::waited{find(told.first)->pid, told.second};
    }
    std::vector<std::size_t> zombies;
    for (std::size_t n = 0; n < children_.size(); ++n)
      if (children_[n].ended) zombies.push_back(n);
    if (zombies.empty()) return std::nullopt;
    const auto chosen = zombies[random.below(zombies.size())];
    auto reaped = std::move(children_[chosen]);
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(chosen));
    note('w', reaped.pid, reaped.slot);
    rules.reaped(reaped, time_);
    return os::waited{reaped.pid, *reaped.ended};
  }

  result<void> kill(pid_t pid, const os::descriptor& /*handle*/, int signal) override {
    hear_the_master();
    note('k', pid, signal);
    const auto target = std::ranges::find(children_, pid, &simulated_child::pid);
    if (target == children_.end()) throw broken(fmt::format("{} is no child any more", pid));
    if (target->slot != simulated_child::orphan && !target->told_at_once && !target->dying)
      throw broken(fmt::format("{} is killed, but was not told to stop before", pid));
    if (!target->dying) die(*target, os::exit_status::killed(signal));
    return {};
  }

  std::vector<pid_t> children() override {
    std::vector<pid_t> all;
    for (const auto& each : children_) all.push_back(each.pid);
    return all;
  }

  // --- what the test asks
  // -------------------------------------------------------------------------

  /// What the workers of a slot count for their master.
  [[nodiscard]] slot_figures figures_of(std::size_t slot) const {
    return {.clients = clients_[slot], .open = -1};
  }
  /// A hash of all that has happened: the same for each run of one seed.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  [[nodiscard]] steady::time_point time() const { return time_; }
  [[nodiscard]] bool has_children() const { return !children_.empty(); }

 protected:
  enum class what : std::uint8_t {
    ready,
    serves,
    leaving,
    garble,
    stop,
    ends,
    zombie,
    order,
    shortage
  };
  struct event {
    what kind;
    std::uint64_t serial;
    int value;
    os::exit_status how;
  };

 private:
  void at(steady::duration after, what kind, std::uint64_t serial, int value = 0,
          os::exit_status how = os::exit_status::exited(0)) {
    events_.emplace(time_ + after, event{kind, serial, value, how});
  }

  simulated_child& add_child(std::size_t slot) {
    // Few numbers, so that they are reused soon.
    pid_t pid = 0;
    do {
      pid = static_cast<pid_t>(100 + random.below(24));
    } while (std::ranges::find(children_, pid, &simulated_child::pid) != children_.end());
    auto& born = children_.emplace_back();
    born.serial = ++serials_;
    born.pid = pid;
    born.slot = slot;
    return born;
  }

  void plan_life_of(const simulated_child& born) {
    const auto& will = born.will;
    if (will.ready) at(*will.ready, what::ready, born.serial);
    if (will.leaves) at(*will.leaves, what::leaving, born.serial);
    if (will.ends) at(*will.ends, what::ends, born.serial, 0, will.how);
    if (will.garbles)
      at(random.between(milliseconds(0), milliseconds(5000)), what::garble, born.serial);
    if (will.stops)
      at(random.between(milliseconds(0), milliseconds(5000)), what::stop, born.serial);
  }

  [[nodiscard]] bool is_next_near() const {
    return !events_.empty() && events_.begin()->first <= time_ + milliseconds(5);
  }

  void happen_next() {
    const auto first = events_.begin();
    time_ = std::max(time_, first->first);
    const auto next = first->second;
    events_.erase(first);
    note('e', static_cast<std::uint64_t>(next.kind), next.serial);
    if (next.kind == what::order) return deliver(next.value);
    if (next.kind == what::shortage) return change_shortage(next.value != 0);
    auto* child = find(next.serial);
    if (child == nullptr) return;
    switch (next.kind) {
      case what::ready:
        if (child->dying) return;
        say(*child, message_kind::ready);
        if (!child->said_ready && child->will.serves)
          at(*child->will.serves, what::serves, child->serial);
        if (!child->said_ready) child->said_ready = time_;
        if (random.one_in(10)) say(*child, message_kind::ready);
        return say(*child, nobody_sends);
      case what::serves: return take_client(*child);
      case what::leaving:
        if (child->dying) return;
        say(*child, message_kind::leaving);
        if (child->will.obeys) at(*child->will.obeys, what::ends, child->serial);
        return;
      case what::garble: return garble(*child);
      case what::stop:
        if (child->dying) return;
        stops_to_tell_.emplace_back(child->serial, os::exit_status::from_wait(SIGSTOP << 8 | 0x7f));
        return deliver(SIGCHLD);
      case what::ends:
        if (!child->dying) die(*child, next.how);
        return;
      case what::zombie:
        child->ended = next.how;
        ++unannounced_;
        return deliver(SIGCHLD);
      default: return;
    }
  }

  // The kernel closes a child's descriptors before its parent can wait for it (exit_files and
  // exit_notify), so the end of the line comes first, by a little. The processes that the child
  // forked are then its parent's.
  void die(simulated_child& child, os::exit_status how) {
    child.dying = true;
    if (random.one_in(3)) say(child, nobody_sends, 1);
    child.line.close();
    at(std::chrono::microseconds(random.below(3000)), what::zombie, child.serial, 0, how);
    if (child.slot == simulated_child::orphan || !random.one_in(8)) return;
    const auto orphan = add_child(simulated_child::orphan).serial;  // `child` may have moved
    if (!random.one_in(4))
      at(random.between(milliseconds(0), milliseconds(20'000)), what::ends, orphan, 0,
         some_end(random));
  }

  static void say(const simulated_child& child, message_kind kind, std::uint32_t value = 0) {
    if (child.line.is_open()) (void)child.line.send({kind, value});
  }

  /// Counts only for a child that the master knows to be ready.
  void take_client(simulated_child& child) {
    if (child.dying || child.slot == simulated_child::orphan) return;
    const auto seen = static_cast<slot_state>(board_.at(child.slot).state.load());
    if (seen != slot_state::settling && seen != slot_state::stable) return;
    child.served = true;
    ++clients_[child.slot];
  }

  static void garble(const simulated_child& child) {
    constexpr std::array<char, 3> nonsense = {'?', '!', '?'};
    if (child.line.is_open())
      (void)::send(child.line.descriptor(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL);
  }

  /// Takes what the master has told the workers.
  void hear_the_master() {
    for (auto& child : children_) {
      while (child.line.is_open()) {
        auto got = child.line.receive();
        if (!got || !*got) break;
        obey(child, (*got)->what.kind);
      }
    }
  }

  void obey(simulated_child& child, message_kind told) {
    note('t', child.pid, static_cast<int>(told));
    const bool at_once = told == message_kind::stop_immediate;
    (at_once ? child.told_at_once : child.told_gracefully) = true;
    const auto after = at_once ? child.will.obeys_at_once : child.will.obeys;
    if (after) at(*after, what::ends, child.serial);
  }

  /// A signal that is pending already merges with it, or the handler counts it in between.
  void deliver(int signal) {
    auto& times = pending_[signal];
    if (times == 0 || random.one_in(2)) ++times;
  }

  void change_shortage(bool begins) {
    shortages_ += begins ? 1 : -1;
    if (begins) at(random.between(milliseconds(1), milliseconds(3000)), what::shortage, 0, 0);
  }
  [[nodiscard]] bool is_short() const { return shortages_ > 0; }

  [[nodiscard]] steady::duration lateness() {
    return random.one_in(4) ? std::chrono::microseconds(random.below(20'000))
                            : std::chrono::microseconds(0);
  }

  static bool ready(std::vector<pollfd>& for_these) {
    return os::poll_until(for_these, deadline(steady::time_point{})) > 0;
  }

  void look(deadline until) {
    if (unannounced_ == 0 && std::ranges::any_of(children_, is_zombie))
      throw broken("a zombie is left although its SIGCHLD was taken");
    rules.look(children_, time_, until);
  }
  static bool is_zombie(const simulated_child& child) { return child.ended.has_value(); }

  /// The slot whose account says that a worker is being started.
  [[nodiscard]] std::size_t slot_being_filled() const {
    for (std::size_t slot = 0; slot < started_.size(); ++slot)
      if (board_.at(slot).started.load() != started_[slot]) return slot;
    throw broken("a fork for no slot");
  }

  [[nodiscard]] simulated_child* find(std::uint64_t serial) {
    const auto found = std::ranges::find(children_, serial, &simulated_child::serial);
    return found == children_.end() ? nullptr : &*found;
  }

  void note(char kind, std::integral auto first, std::integral auto second) {
    for (const auto each : {static_cast<std::uint64_t>(kind), static_cast<std::uint64_t>(first),
                            static_cast<std::uint64_t>(second),
                            static_cast<std::uint64_t>(time_.time_since_epoch().count())}) {
      trace_ = (trace_ ^ each) * 0x100000001b3U;  // FNV-1a, by words
    }
  }

 protected:
  /// A kind of message that no worker has: of another version, or of a worker under an attacker's
  /// control.
  static constexpr auto nobody_sends = static_cast<message_kind>(17);

  seeded random;

 public:
  simulation_rules rules;

 private:
  scoreboard::worker_slots& board_;
  mood mood_ = mood::healthy;
  steady::time_point time_{std::chrono::seconds(1000)};
  std::multimap<steady::time_point, event> events_;
  std::vector<simulated_child> children_;
  std::vector<std::uint64_t> started_;
  std::vector<std::uint64_t> clients_;  // of each slot, over all its workers
  std::uint64_t serials_ = 0;
  channel worker_end_;
  std::map<int, std::uint32_t> pending_;
  std::vector<os::signal_notice> taken_;
  std::vector<std::pair<std::uint64_t, os::exit_status>> stops_to_tell_;
  int unannounced_ = 0;  // zombies whose SIGCHLD has not been taken
  int shortages_ = 0;
  int waits_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325U;
};

}  // namespace samjoko::supervise

#include <samjoko/supervise/master.hpp>

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/os/log_writer.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/supervise/staff.hpp>

namespace samjoko::supervise {
namespace {

class master {
 public:
  master(master_settings settings, const worker_main& main, scoreboard& counters,
         os::signal_queue signals)
      : settings_(std::move(settings)),
        plan_(settings_.plan),
        signals_(std::move(signals)),
        staff_(main, counters, settings_.plan.most_workers) {}

  int run() {
    perform(plan_.start(steady::now()));
    while (plan_.now_in() != plan::phase::over) {
      wait();
      take_signals();
      read_channels();
      reap();
      perform(plan_.on_time(steady::now()));
      os::process_log().report_held_back();
    }
    return exit_code_;
  }

 private:
  void wait() {
    polled_.clear();
    polled_.push_back({signals_.descriptor(), POLLIN, 0});
    staff_.for_each([&](const employee& each) {
      polled_.push_back({each.line.descriptor(), POLLIN, 0});  // closed: -1, which poll skips
    });
    (void)os::poll_until(polled_, plan_.next_time());
  }

  void take_signals() {
    for (const auto& notice : signals_.take()) {
      if (notice.signal == SIGCHLD) continue;  // only a reason to look, and reap() always looks
      for (std::uint32_t n = 0; n < notice.times && n < 3; ++n) obey(notice);
    }
  }

  void obey(const os::signal_notice& notice) {
    log_signal(notice);
    switch (notice.signal) {
      case SIGTERM:
      case SIGINT: return order(master_order::graceful);
      case SIGQUIT: return order(master_order::immediate);
      case SIGTTIN: return order(master_order::one_more);
      case SIGTTOU: return order(master_order::one_less);
      case SIGUSR1: return reopen_log();
      default: return;
    }
  }

  static void log_signal(const os::signal_notice& notice) {
    const bool unknown = notice.signal == SIGHUP || notice.signal == SIGUSR2;
    os::log_notice(os::every("signal"), "{} from {} {}{}", os::signal_name(notice.signal),
                   notice.sender == 0 ? "the terminal or the kernel, process" : "process",
                   notice.sender,
                   unknown ? ": not supported by this version, nothing is done" : "");
  }

  void order(master_order order) { perform(plan_.on_order(order, steady::now())); }

  void read_channels() {
    staff_.read_messages([&](std::size_t slot, const message& told) { hear(slot, told); });
  }

  // Its last words come before its end: "ready" may have been said a moment before the death.
  void reap() {
    staff_.reap([&](std::size_t slot, const message& told) { hear(slot, told); },
                [&](std::size_t slot, const os::exit_status& status) {
                  if (settings_.after_worker_end) settings_.after_worker_end(slot + 1);
                  perform(plan_.on_ended(slot, status, steady::now()));
                });
  }

  void hear(std::size_t slot, const message& told) {
    switch (told.kind) {
      case message_kind::ready: return perform(plan_.on_ready(slot, steady::now()));
      case message_kind::leaving: return perform(plan_.on_leaves(slot, steady::now()));
      case message_kind::finished:
        if (told.value == 0) return;
        return os::log_warning(os::every("cut"), "{} had to cut {} connections", title(slot),
                               told.value);
      default: return;  // heartbeats are in the counters
    }
  }

  void reopen_log() {
    if (!settings_.reopen_log) return;
    auto opened = settings_.reopen_log();
    if (!opened) {
      os::log_error("reopen log", "the log is not reopened: {}", opened.error().sentence());
      return;
    }
    staff_.hand_out_log(opened->get());
    if (auto done = os::process_log().adopt(std::move(*opened)); !done) {
      os::log_error("reopen log", "{}", done.error().sentence());
    }
    os::log_notice(os::every("reopen log"), "the log was reopened");
  }

  // An action may fail, which is an event, which has actions: they queue up behind the rest.
  void perform(actions added) {
    queue_.insert(queue_.end(), added.begin(), added.end());
    if (std::exchange(performing_, true)) return;
    while (!queue_.empty()) {
      const auto next = queue_.front();
      queue_.pop_front();
      perform_one(next);
    }
    performing_ = false;
  }

  void perform_one(const action& next) {
    switch (next.what) {
      case action::kind::fork: return hire(next.slot);
      case action::kind::tell_graceful: return staff_.tell(next.slot, message_kind::stop_graceful);
      case action::kind::tell_immediate:
        return staff_.tell(next.slot, message_kind::stop_immediate);
      case action::kind::kill: return staff_.kill(next.slot);
      case action::kind::hold_listeners:
        if (settings_.before_graceful_stop) settings_.before_graceful_stop(settings_.listeners);
        return;
      case action::kind::close_listeners: return close_listeners();
      case action::kind::close_group: return close_group(next.slot);
      case action::kind::leave: exit_code_ = next.code; return;
      default: return log_report(next);
    }
  }

  void hire(std::size_t slot) {
    auto hired =
        staff_.hire(slot, {plan_.group_of(slot), title(slot)}, settings_.listeners, signals_);
    if (hired) return;
    os::log_error("fork", "{} cannot be started: {}", title(slot), hired.error().sentence());
    perform(plan_.on_fork_failed(slot, steady::now()));
  }

  void close_listeners() {
    std::erase_if(settings_.listeners,
                  [this](const named_listener& each) { return !plan_.is_helper(each.group); });
  }

  // The place in the vector stays, so that a listener is the same number to everybody.
  void close_group(std::size_t group) {
    std::string names;
    for (auto& each : settings_.listeners) {
      if (each.group != group) continue;
      each.socket.reset();
      names += (names.empty() ? "" : ", ") + each.name;
    }
    os::log_error(os::every("close group"), "no worker{} is left: {} is closed, the others go on",
                  of_group(group), names);
  }

  /// "worker 3", or "worker 3 of thread-pool"; a helper has the name of its group.
  [[nodiscard]] std::string title(std::size_t slot) const {
    if (plan_.is_helper(plan_.group_of(slot)))
      return settings_.group_names.at(plan_.group_of(slot));
    return fmt::format("worker {}{}", slot + 1, of_group(plan_.group_of(slot)));
  }
  [[nodiscard]] std::string of_group(std::size_t group) const {
    const auto& names = settings_.group_names;
    return names.empty() || names.at(group).empty() ? "" : " of " + names.at(group);
  }

  void log_report(const action& told) {
    if (told.what == action::kind::report_scale)
      return os::log_notice(os::every("scale"), "workers wanted now: {}", told.code);
    const auto who = title(told.slot);
    switch (told.what) {
      case action::kind::report_waiting:
        return os::log_notice(os::every("back-off"), "{} is started again in {} ms", who,
                              told.delay.count());
      case action::kind::report_parked:
        return os::log_error(os::every("parked"),
                             "{} is parked: it ended {} times within {} s before it had "
                             "worked for {} ms; it is not started again",
                             who, failures_to_park, settings_.plan.failure_window.count() / 1000,
                             settings_.plan.grown_after.count());
      case action::kind::report_retired:
        return os::log_warning(os::every("retired"), "{} asked not to be started again", who);
      case action::kind::report_boot:
        return os::log_warning(os::every("boot"), "{} is not ready after {} ms: it is ended", who,
                               settings_.plan.boot_limit.count());
      case action::kind::report_overrun:
        return os::log_warning(os::every("overrun"),
                               "{} is not done after {} ms: its connections are cut", who,
                               settings_.plan.drain_limit.count());
      default: return;
    }
  }

  master_settings settings_;
  plan plan_;
  os::signal_queue signals_;
  staff staff_;
  std::vector<pollfd> polled_;
  std::deque<action> queue_;
  bool performing_ = false;
  int exit_code_ = exit_could_not_start;
};

int fail_to_start(const error& why) {
  os::log_error(os::every("start"), "cannot start: {}", why.sentence());
  return exit_could_not_start;
}

}  // namespace

int run_master(master_settings settings, const worker_main& main) {
  os::check_single_threaded();
  os::process_log().set_name("master");
  auto signals = os::signal_queue::open(
      {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGCHLD});
  if (!signals) return fail_to_start(signals.error());
  scoreboard own;
  if (settings.counters == nullptr) {
    auto made = scoreboard::make(settings.plan.most_workers);
    if (!made) return fail_to_start(made.error());
    own = std::move(*made);
    settings.counters = &own;
  }
  CHECK(settings.group_names.empty() || settings.group_names.size() == settings.plan.workers.size(),
        "a name for each group, or none");
  CHECK(settings.counters->size() >= settings.plan.most_workers, "a counter cell for each slot");
  auto& counters = *settings.counters;
  const int code = master(std::move(settings), main, counters, std::move(*signals)).run();
  os::log_notice(os::every("stop"), "stopped, exit code {}", code);
  return code;
}

}  // namespace samjoko::supervise

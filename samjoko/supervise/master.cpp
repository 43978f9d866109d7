#include <samjoko/supervise/master.hpp>

#include <algorithm>
#include <csignal>
#include <deque>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/subreaper.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/supervise/linux_kernel.hpp>
#include <samjoko/supervise/report.hpp>
#include <samjoko/supervise/stuck_watchdog.hpp>
#include <samjoko/supervise/worker_table.hpp>

namespace samjoko::supervise {
namespace {

/// Between SIGTERM and SIGKILL, for programs whose worker has ended.
constexpr milliseconds program_grace{5000};

/// For a master without an operator interface.
class no_operator final : public operator_interface {
 public:
  void begin(const plan&, std::vector<named_listener>&, master_commands,
             steady::time_point) override {}
  void worker_started(std::size_t, pid_t, steady::time_point) override {}
  void worker_ended(std::size_t, const std::string&, const os::exit_status&,
                    steady::time_point) override {}
  void add_to(std::vector<pollfd>&, steady::time_point) override {}
  [[nodiscard]] deadline next_time() const override { return deadline::never(); }
  void take_turn(std::span<const pollfd>, steady::time_point) override {}
  void plan_changed(steady::time_point) override {}
  void close_in_child() override {}
};

class master {
 public:
  master(kernel& kernel, master_settings settings, const worker_main& main,
         scoreboard::worker_slots& counters)
      : kernel_(kernel),
        settings_(std::move(settings)),
        plan_(settings_.plan),
        counters_(counters),
        main_(main),
        workers_(kernel, main_, counters, settings_.plan.most_workers, settings_.figures,
                 settings_.boxes),
        watchdog_(
            settings_.boxes == nullptr ? std::span<postmortem::black_box* const>()
                                       : settings_.boxes->of_workers(),
            settings_.stuck_timeout,
            [this](std::uint32_t worker, pid_t pid, postmortem::own_limit limit,
                   milliseconds after) { workers_.end(worker, pid, limit, after); },
            [this](std::uint32_t worker, pid_t pid) { return workers_.is_of(worker, pid); }),
        operator_(settings_.operated_by == nullptr ? no_operator_ : *settings_.operated_by) {}

  int run() {
    operator_.begin(plan_, settings_.listeners, commands(), kernel_.now());
    perform(plan_.start(kernel_.now()));
    while (plan_.now_in() != plan::phase::over) {
      take_turn(plan_.next_time());
      perform(plan_.on_time(kernel_.now()));
      operator_.plan_changed(kernel_.now());
    }
    see_off_orphans();
    while (workers_.deaths_wait()) take_turn(workers_.next_time());
    postmortem::log_deaths_held_back();
    return exit_code_;
  }

 private:
  void take_turn(deadline until) {
    show_states();
    wait(until);
    take_signals();
    read_channels();
    reap();
    end_programs();
    workers_.tend_to_deaths();
    watchdog_.tend(kernel_.now());
    operator_.take_turn(polled_, kernel_.now());
    log::process_log().report_held_back();
  }

  void wait(deadline until) {
    polled_.clear();
    workers_.add_to(polled_);
    const auto now = kernel_.now();
    operator_.add_to(polled_, now);
    const auto log_is_due = log::process_log().holds_back()
                                ? deadline(now + std::chrono::seconds(1))
                                : deadline::never();
    kernel_.wait(polled_, std::min({until, workers_.next_time(), workers_.next_kill(),
                                    watchdog_.next_time(), operator_.next_time(), log_is_due}));
  }

  void take_signals() {
    for (const auto& notice : kernel_.take_signals()) {
      if (notice.signal == SIGCHLD) continue;  // only a reason to look; reap() always looks
      for (std::uint32_t n = 0; n < notice.times && n < 3; ++n) obey(notice);
    }
  }

  void obey(const os::signal_notice& notice) {
    // The terminal sends this to a background process that reads or writes, perhaps to a client's
    // program in our process group: it is not an operator's order.
    if (notice.by_kernel && (notice.signal == SIGTTIN || notice.signal == SIGTTOU)) return;
    log_signal(notice);
    switch (notice.signal) {
      case SIGTERM:
      case SIGINT: return order(master_order::graceful);
      case SIGQUIT: return order(master_order::immediate);
      case SIGTTIN: return order(master_order::one_more);
      case SIGTTOU: return order(master_order::one_less);
      case SIGUSR1: return reopen_log_by_signal();
      default: return;
    }
  }

  static void log_signal(const os::signal_notice& notice) {
    const bool unknown = notice.signal == SIGHUP || notice.signal == SIGUSR2;
    log::notice(log::every("signal"), "{} from {} {}{}", os::signal_name(notice.signal),
                notice.sender == 0 ? "the terminal or the kernel, process" : "process",
                notice.sender, unknown ? ": not supported by this version, nothing is done" : "");
  }

  void order(master_order order) { perform(plan_.on_order(order, kernel_.now())); }

  void read_channels() {
    workers_.read_messages(polled_,
                           [&](std::size_t slot, const message& told) { hear(slot, told); });
  }

  // A worker's last messages come before its end: "ready" may have been sent just before the death.
  void reap() {
    workers_.reap([&](std::size_t slot, const message& told) { hear(slot, told); },
                  [&](std::size_t slot, const os::exit_status& status, bool served) {
                    operator_.worker_ended(slot, title(slot), status, kernel_.now());
                    if (settings_.after_worker_end) settings_.after_worker_end(slot + 1);
                    perform(plan_.on_ended(slot, status, kernel_.now(), served));
                  });
  }

  /// The processes of a worker end with it, and all of them when the server stops. A process that
  /// is adopted then has lost its parent to that.
  void end_programs() {
    workers_.end_programs_of_the_dead(program_grace);
    if (!is_running()) workers_.tell_programs_to_end();
  }
  [[nodiscard]] bool is_running() const {
    return plan_.now_in() == plan::phase::running || plan_.now_in() == plan::phase::announced;
  }

  void hear(std::size_t slot, const message& told) {
    switch (told.kind) {
      case message_kind::ready: return perform(plan_.on_ready(slot, kernel_.now()));
      case message_kind::leaving: return perform(plan_.on_leaves(slot, kernel_.now()));
      case message_kind::death: return workers_.look_at_deaths();
      default: return;
    }
  }

  result<void> reopen_log() {
    auto opened = settings_.reopen_log();
    if (!opened) return failure_of(opened);
    workers_.hand_out_log(opened->get());
    if (auto done = log::process_log().adopt(std::move(*opened)); !done) return done;
    log::notice(log::every("reopen log"), "the log was reopened");
    return {};
  }

  void reopen_log_by_signal() {
    if (!settings_.reopen_log) return;
    if (auto done = reopen_log(); !done)
      log::error("reopen log", "the log is not reopened: {}", done.error().sentence());
  }

  master_commands commands() {
    return {
        .order = [this](master_order what) { order(what); },
        .scale = [this](
                     std::size_t group,
                     std::size_t count) { perform(plan_.on_scale(group, count, kernel_.now())); },
        .revive = [this](std::size_t group) { perform(plan_.on_revive(group, kernel_.now())); },
        .reopen_log = [this]() -> result<void> {
          if (settings_.reopen_log) return reopen_log();
          return failure(condition::bad_argument, "log",
                         "the log is standard error, which cannot be opened again");
        },
    };
  }

  // An action may fail. That is an event, which has actions: they queue up behind the rest.
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
      case action::kind::fork: return start(next.slot);
      case action::kind::tell_graceful:
        return workers_.tell(next.slot, message_kind::stop_graceful);
      case action::kind::tell_immediate:
        report_cut(next.slot);
        return workers_.tell(next.slot, message_kind::stop_immediate);
      case action::kind::kill:
        workers_.note_limit(next.slot, postmortem::own_limit::grace, settings_.plan.kill_grace);
        return workers_.kill(next.slot);
      case action::kind::hold_listeners:
        if (settings_.before_graceful_stop) settings_.before_graceful_stop(settings_.listeners);
        return;
      case action::kind::close_listeners: return close_listeners();
      case action::kind::close_group: return close_group(next.slot);
      case action::kind::leave: exit_code_ = next.code; return;
      case action::kind::report_boot:
        workers_.note_limit(next.slot, postmortem::own_limit::boot, settings_.plan.boot_limit);
        return report(next, title(next.slot), settings_.plan);
      case action::kind::report_overrun:
        workers_.note_limit(next.slot, postmortem::own_limit::drain, settings_.plan.drain_limit);
        return report(next, title(next.slot), settings_.plan);
      default: return report(next, title(next.slot), settings_.plan);
    }
  }

  void report_cut(std::size_t slot) const {
    const auto open = settings_.figures ? settings_.figures(slot).open : 0;
    if (open > 0)
      log::warning(log::every("cut"), "{} is told to cut {} connection{}", title(slot), open,
                   open == 1 ? "" : "s");
  }

  void start(std::size_t slot) {
    const auto group = plan_.group_of(slot);
    const auto of_group = [group](const std::vector<std::string>& names) {
      return group < names.size() ? names[group] : std::string();
    };
    auto started =
        workers_.start(slot,
                       {group, title(slot), of_group(settings_.group_models),
                        of_group(settings_.group_services), [this] { operator_.close_in_child(); },
                        [this, slot] {
                          if (settings_.forget_others) settings_.forget_others(slot);
                        },
                        settings_.kept, settings_.plan.drain_limit, settings_.plan.kill_grace},
                       settings_.listeners);
    if (started) return operator_.worker_started(slot, workers_.pid_of(slot), kernel_.now());
    log::error("fork", "{} cannot be started: {}", title(slot), started.error().sentence());
    perform(plan_.on_fork_failed(slot, kernel_.now()));
  }

  void close_listeners() {
    std::erase_if(settings_.listeners,
                  [this](const named_listener& each) { return !plan_.is_helper(each.group); });
  }

  // The place in the vector stays, so that a listener keeps its number everywhere.
  void close_group(std::size_t group) {
    std::string names;
    for (auto& each : settings_.listeners) {
      if (each.group != group) continue;
      each.socket.reset();
      names += (names.empty() ? "" : ", ") + each.name;
    }
    log::error(log::every("close group"), "no worker{} is left: {} is closed, the others go on",
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

  /// For processes that look at the service from outside.
  void show_states() {
    for (std::size_t slot = 0; slot < plan_.slots(); ++slot) {
      const auto state = static_cast<std::uint8_t>(plan_.state(slot));
      counters_.at(slot).state.store(state, std::memory_order_relaxed);
    }
  }

  // The kernel told the processes that dead workers left behind to finish (os::end_with_parent);
  // they may take as long as a worker might. After that no process of this program is left.
  void see_off_orphans() {
    while (!workers_.orphans().empty()) {
      auto until = plan_.patience();
      if (until.passed(kernel_.now())) {
        workers_.kill_orphans();
        until = deadline(kernel_.now() + settings_.plan.kill_grace);
      }
      take_turn(until);
    }
  }

  kernel& kernel_;
  master_settings settings_;
  plan plan_;
  scoreboard::worker_slots& counters_;
  const worker_main& main_;
  worker_table workers_;
  stuck_watchdog watchdog_;
  no_operator no_operator_;
  operator_interface& operator_;
  std::vector<pollfd> polled_;
  std::deque<action> queue_;
  bool performing_ = false;
  int exit_code_ = exit_could_not_start;
};

int fail_to_start(const error& why) {
  log::error(log::every("start"), "cannot start: {}", why.sentence());
  return exit_could_not_start;
}

}  // namespace

int run_master(master_settings settings, const worker_main& main) {
  os::check_single_threaded();
  log::process_log().set_name("master");
  auto signals = os::signal_queue::open(
      {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGCHLD});
  if (!signals) return fail_to_start(signals.error());
  const os::subreaper adopting;
  linux_kernel kernel(std::move(*signals));
  return run_master(kernel, std::move(settings), main);
}

int run_master(kernel& kernel, master_settings settings, const worker_main& main) {
  scoreboard::worker_slots own;
  if (settings.counters == nullptr) {
    auto made = scoreboard::worker_slots::make(settings.plan.most_workers);
    if (!made) return fail_to_start(made.error());
    own = std::move(*made);
    settings.counters = &own;
  }
  SAMJOKO_CHECK(
      settings.group_names.empty() || settings.group_names.size() == settings.plan.workers.size(),
      "a name for each group, or none");
  SAMJOKO_CHECK(settings.counters->size() >= settings.plan.most_workers,
                "a counter cell for each slot");
  auto& counters = *settings.counters;
  const int code = master(kernel, std::move(settings), main, counters).run();
  log::notice(log::every("stop"), "stopped, exit code {}", code);
  return code;
}

}  // namespace samjoko::supervise

#include <samjoko/supervise/worker.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <samjoko/base/check.hpp>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/os/own_clock.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/postmortem/crash_handler.hpp>
#include <samjoko/postmortem/death_log.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>

namespace samjoko::supervise {
namespace {

// Ctrl+C and similar keys signal the whole process group. The master decides what they mean and
// tells the workers on the channel. The processes that a worker forks for its clients inherit the
// ignoring.
constexpr int for_the_master_only[] = {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};
// For a worker it is only an error that a peer went away, and sendfile(2) has no MSG_NOSIGNAL. The
// same holds for a file that may not grow further (RLIMIT_FSIZE), the log among them.
constexpr int errors_of_a_write[] = {SIGPIPE, SIGXFSZ};

// All signals are blocked since the fork. A signal that comes before the process has set what it
// ignores waits, instead of killing it.
os::signal_queue own_signals() {
  os::reset_all_dispositions();
  for (const int signal : for_the_master_only) {
    SAMJOKO_CHECK(os::ignore_signal(signal), "a signal that cannot be ignored");
  }
  for (const int signal : errors_of_a_write) {
    SAMJOKO_CHECK(os::ignore_signal(signal), "a signal that cannot be ignored");
  }
  auto queue = os::signal_queue::open({SIGTERM, SIGCHLD});
  SAMJOKO_CHECK(queue, "no descriptor left for a worker's signals");
  os::block_only({});
  return std::move(*queue);
}

os::descriptor all(int orders, int signals, int reminder) {
  auto together = os::watch_together({orders, signals, reminder});
  SAMJOKO_CHECK(together, "no descriptor left for a worker's orders");
  return std::move(*together);
}

}  // namespace

worker::worker(heritage inherited)
    : inherited_(std::move(inherited)),
      signals_(own_signals()),
      together_(
          all(inherited_.to_master.descriptor(), signals_.descriptor(), log_is_due_.descriptor())) {
  log::process_log().when_it_holds_back(
      [](void* due) noexcept { static_cast<const os::reminder*>(due)->set(milliseconds(1000)); },
      &log_is_due_);
  carry_black_box();
  os::set_variable(worker_variable, std::to_string(::getpid()));
}

/// Without the black box the worker serves as well; only its death is explained less.
void worker::carry_black_box() {
  if (inherited_.box == nullptr) return;
  scoreboard::use_thread_slots(inherited_.box->cells,
                               static_cast<std::uint32_t>(inherited_.number));
  if (inherited_.box->captures.empty()) return;
  if (const auto done = postmortem::install_crash_handler(inherited_.box->captures); !done)
    log::warning("crash handler", "{}", done.error().sentence());
}

bool worker::death_waits() {
  if (master_is_gone()) return false;
  tell(message_kind::death);
  return true;
}

/// SIGTERM to a whole process group may come once more while this process ends with success; its
/// signal queue would leave it the default action.
worker::~worker() {
  postmortem::log_deaths_held_back();
  log::process_log().report_held_back();
  log::process_log().when_it_holds_back(nullptr, nullptr);
  static_cast<void>(os::ignore_signal(SIGTERM));
}

void worker::ready() { tell(message_kind::ready); }

void worker::leaving() { tell(message_kind::leaving); }

stop_order worker::take() {
  if (log_is_due_.take()) log::process_log().report_held_back();
  take_messages();
  take_signals();
  take_interrupts();
  return order_;
}

bool worker::take_children_ended() noexcept {
  take_signals();
  return std::exchange(children_ended_, false);
}

void worker::take_signals() {
  for (const auto& notice : signals_.take()) {
    if (notice.signal == SIGCHLD) children_ended_ = true;
    if (notice.signal == SIGTERM) obey_signal(notice);
  }
}

void worker::take_interrupts() {
  if (!interrupts_) return;
  for (const auto& notice : interrupts_->take()) obey_signal(notice);
}

void worker::obey_signal(const os::signal_notice& notice) {
  if (master_is_gone()) {
    if (order_ == stop_order::immediate) return;
    const bool too_late = steady::now() >= must_end_;
    log::notice(log::every("worker stop"), "{}: this worker ends at once",
                too_late ? "the time for a stop is over"
                         : fmt::format("{} from process {}", os::signal_name(notice.signal),
                                       notice.sender));
    return raise_to(stop_order::immediate);
  }
  if (order_ != stop_order::none) return;
  log::notice(log::every("worker stop"), "SIGTERM from process {}: this worker stops gracefully",
              notice.sender);
  counters().signalled_by.store(notice.sender);
  leaving();
  raise_to(stop_order::graceful);
}

void worker::take_messages() {
  while (inherited_.to_master.is_open()) {
    auto got = inherited_.to_master.receive();
    if (got && !*got) return;
    if (got) {
      obey(std::move(**got));
    } else if (got.error().is(condition::end_of_stream)) {
      lose_master();
    } else {
      log::warning("channel", "{}", got.error().sentence());
      if (!got.error().is(condition::malformed)) return;
    }
  }
}

void worker::obey(received got) {
  switch (got.what.kind) {
    case message_kind::stop_graceful: raise_to(stop_order::graceful); break;
    case message_kind::stop_immediate: raise_to(stop_order::immediate); break;
    case message_kind::log_descriptor: {
      if (!got.attached) {
        log::warning("log", "the new log could not be taken over: no descriptor is free");
        break;
      }
      if (auto done = log::process_log().adopt(std::move(got.attached)); !done) {
        log::warning("log", "{}", done.error().sentence());
      }
      break;
    }
    default: log::warning("channel", "an unknown message from the master is ignored");
  }
}

void worker::raise_to(stop_order order) noexcept { order_ = std::max(order_, order); }

void worker::lose_master() {
  const auto limit = inherited_.stop_limit;
  for (const auto& each : inherited_.listeners) {
    if (!each.is_given) os::hold_new_handshakes(each.socket.get());
  }
  must_end_ = steady::now() + limit;
  static_cast<void>(os::signal_oneself_after(SIGTERM, limit));
  static_cast<void>(os::signal_oneself_after(SIGKILL, limit + inherited_.kill_grace));
  if (auto queue = os::signal_queue::open({SIGINT})) {
    interrupts_.emplace(std::move(*queue));
    static_cast<void>(os::watch_also(together_, interrupts_->descriptor(), true, false));
  }
  // Logged when it is true: an operator that reads this may send a signal.
  log::error(log::every("master gone"),
             "the master (process {}) is gone: stopping gracefully, the listeners are closed, and "
             "in {} ms at the latest this worker ends (TERM or INT: at once)",
             inherited_.master, limit.count());
  os::watch_no_more(together_, inherited_.to_master.descriptor());
  inherited_.to_master.close();
  raise_to(stop_order::graceful);
}

// A message that cannot be sent is no reason to stop. A master that is gone shows as an end of
// file. A master that does not read for so long that the line is full has other problems.
void worker::tell(message_kind kind, std::uint32_t value) {
  if (!inherited_.to_master.is_open()) return;
  auto sent = inherited_.to_master.send({kind, value});
  if (sent || sent.error().is(condition::end_of_stream)) return;
  log::warning("channel", "{}", sent.error().sentence());
}

}  // namespace samjoko::supervise

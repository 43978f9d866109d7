#pragma once
// Charter: the master process. It forks workers, waits for signals, messages, deaths and timers,
// feeds the plan and does what the plan says. It is single-threaded, blocking and small. It never
// runs a user's handler, so nothing that a client sends can crash it.

#include <functional>
#include <string>
#include <vector>

#include <samjoko/base/result.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/operator_interface.hpp>
#include <samjoko/supervise/plan.hpp>
#include <samjoko/supervise/worker.hpp>
#include <samjoko/supervise/worker_table.hpp>

namespace samjoko::supervise {

struct master_settings {
  plan_settings plan;
  /// Owned by the master until a stop; each worker has those of its group.
  std::vector<named_listener> listeners;
  /// Other descriptors, which workers keep open for the services' handlers. A worker closes all
  /// others of the process.
  std::vector<int> kept;
  /// Names for the log, one for each group of `plan.workers`. Empty: the one group needs no name. A
  /// single group may have an empty name when it has helpers, which need theirs.
  std::vector<std::string> group_names;
  /// Called once when a graceful stop begins, before the first worker hears of it: to hold new
  /// connections while those in the backlog are still served. A listener whose group has no worker
  /// left is closed already. May be empty.
  std::function<void(const std::vector<named_listener>&)> before_graceful_stop;
  /// Called with the number of a worker that has been reaped, before it can have a successor: takes
  /// back what the worker held in shared memory. May be empty.
  std::function<void(std::size_t)> after_worker_end;
  /// Opens the log anew, for USR1. Empty when the log cannot be reopened (standard error).
  std::function<result<os::descriptor>()> reopen_log;
  /// The counters of all workers, `plan.most_workers` of them. Must outlive the call. Null: the
  /// master makes its own.
  scoreboard::worker_slots* counters = nullptr;
  /// For each group a name for the records of its workers' deaths, such as "process-pool". Empty:
  /// none.
  std::vector<std::string> group_models;
  /// What each group serves, for the same records.
  std::vector<std::string> group_services;
  /// What others count for a worker slot (from 0 up). May be empty.
  std::function<slot_figures(std::size_t)> figures;
  /// Must outlive the call. Null: deaths are reported but not kept, and stacks and the work served
  /// are unknown.
  postmortem::black_boxes* boxes = nullptr;
  /// Called in a worker, first of all: gives up what lies in shared memory for other slots (from 0
  /// up). May be empty.
  std::function<void(std::size_t)> forget_others;
  /// A thread that runs for so long without a call of the library is stuck: its process is ended.
  /// 0: never.
  milliseconds stuck_timeout{0};
  /// How the running service is seen and controlled from outside. Must outlive the call; may be
  /// null.
  operator_interface* operated_by = nullptr;
};

/// The main function of a worker. It runs in the forked child and returns its exit code (0; or 125,
/// "do not restart me"). An exception that leaves it is logged and is exit code 1.
using worker_main = std::function<int(worker&)>;

/// Runs the service until it has stopped. Returns the exit code of the program: 0 when it was
/// stopped by order (also when connections had to be cut at the drain limit), 3 when its workers
/// could not be started or kept falling, 125 when all of them asked not to be restarted.
///
/// Returns in the master only; children leave by _exit inside. The process must have one thread
/// (CHECKed) and no other signal queue; no child of it is left afterwards. Logs through
/// log::process_log(), whose name becomes "master".
///
/// While it runs it is a subreaper (os/subreaper.hpp): processes that a killed worker leaves behind
/// become its children, are reaped as such, and are told apart from workers. After the last worker
/// they have what remains of the drain limit, or nothing after an immediate stop, then SIGKILL.
/// Children that the process had before are never signalled.
///
/// TERM, INT graceful stop, a second one immediate · QUIT immediate stop · USR1 reopen logs · TTIN,
/// TTOU one worker more, less, in each group · HUP, USR2 one line, no action yet.
[[nodiscard]] int run_master(master_settings settings, const worker_main& main);

/// The same on another kernel, such as a simulated one. All that the master asks of the outside
/// goes through it, except the log.
[[nodiscard]] int run_master(kernel& kernel, master_settings settings, const worker_main& main);

}  // namespace samjoko::supervise

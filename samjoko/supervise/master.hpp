#pragma once
// Charter: the master process. It forks workers, waits for signals, messages, deaths and timers,
// feeds the plan and does what the plan says. Single-threaded, blocking, small; it never runs a
// user's handler, so that nothing a client sends can make it fall.

#include <functional>
#include <string>
#include <vector>

#include <samjoko/base/result.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/kernel.hpp>
#include <samjoko/supervise/operating.hpp>
#include <samjoko/supervise/plan.hpp>
#include <samjoko/supervise/staff.hpp>
#include <samjoko/supervise/worker.hpp>

namespace samjoko::supervise {

struct master_settings {
  plan_settings plan;
  /// Owned by the master until a stop; each worker has those of its group.
  std::vector<named_listener> listeners;
  /// Descriptors besides, which workers keep open for the services' handlers. All others of the
  /// process are closed in them.
  std::vector<int> kept;
  /// For the log, one for each group of `plan.workers`. Empty: the one group needs no name; so may
  /// a single one be that has helpers, who need theirs.
  std::vector<std::string> group_names;
  /// Called once when a graceful stop begins, before the first worker hears of it: to hold new
  /// connections while those in the backlog are still served. A listener whose group has no worker
  /// left is closed already. May be empty.
  std::function<void(const std::vector<named_listener>&)> before_graceful_stop;
  /// Called with the number of a worker that has been reaped, before it can have a successor: to
  /// take back what it held in shared memory. May be empty.
  std::function<void(std::size_t)> after_worker_end;
  /// Opens the log anew, for USR1. Empty when the log cannot be reopened (standard error).
  std::function<result<os::descriptor>()> reopen_log;
  /// The counters of all workers, `plan.most_workers` of them. Must outlive the call; null for none
  /// of the caller's, then the master makes its own.
  scoreboard* counters = nullptr;
  /// Of each group, for the records of its workers' deaths, such as "process-pool". Empty: none.
  std::vector<std::string> group_models;
  /// What each group serves, likewise.
  std::vector<std::string> group_services;
  /// What others count for a worker slot (from 0 up). May be empty.
  std::function<slot_figures(std::size_t)> figures;
  /// Must outlive the call; null: deaths are told, but not kept, and nothing is known of stacks and
  /// of what was served.
  os::black_boxes* boxes = nullptr;
  /// In a worker, first of all: to give up what stands in shared memory for other slots (from 0
  /// up). May be empty.
  std::function<void(std::size_t)> forget_others;
  /// A thread that runs for so long without a call of the library is stuck: its process is ended.
  /// 0: never.
  milliseconds stuck_timeout{0};
  /// How the running service is seen and steered from outside.
  operating outside;
};

/// What a worker is: runs in the forked child and returns its exit code (0; or 125, "do not restart
/// me"). An exception that leaves it is logged and is exit code 1.
using worker_main = std::function<int(worker&)>;

/// Runs the service until it has stopped; returns the exit code of the program: 0 when it was
/// stopped by order (also when connections had to be cut at the drain limit), 3 when its workers
/// could not be started or kept falling, 125 when all of them asked not to be restarted.
///
/// Returns in the master only; children leave by _exit inside. The process must have one thread
/// (CHECKed) and no other signal queue; no child of it is left afterwards. Logs through
/// os::process_log(), whose name becomes "master".
///
/// While it runs it is a subreaper (os/orphans.hpp): processes that a killed worker leaves behind
/// become its children, are reaped as such, and are told apart from workers. After the last worker
/// they have what remains of the drain limit, or nothing after an immediate stop, then SIGKILL.
/// Children that the process had before are never signalled.
///
/// TERM, INT graceful stop, a second one immediate · QUIT immediate stop · USR1 reopen logs · TTIN,
/// TTOU one worker more, less, in each group · HUP, USR2 one line, no action yet.
[[nodiscard]] int run_master(master_settings settings, const worker_main& main);

/// The same on another kernel, such as a simulated one: all that the master asks of the world
/// outside goes through it, but for the log.
[[nodiscard]] int run_master(kernel& kernel, master_settings settings, const worker_main& main);

}  // namespace samjoko::supervise

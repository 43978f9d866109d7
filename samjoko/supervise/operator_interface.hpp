#pragma once
// Charter: what the master offers to its operators, as an interface that it calls. The master
// reports what happens to its workers, includes the interface in each of its waits, and takes
// orders through master_commands. The room operate implements the interface by a control socket and
// a service manager. The master runs without one too.

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/base/result.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/supervise/heritage.hpp>
#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {

/// Commands for the master. Each returns when it is done, or when the workers have their orders.
struct master_commands {
  std::function<void(master_order)> order;
  std::function<void(std::size_t group, std::size_t count)> scale;
  std::function<void(std::size_t group)> revive;
  /// Errors: what kept the log from being opened; bad_argument when there is none to open.
  std::function<result<void>()> reopen_log;
};

/// Every function is called by the master's one thread, and must not block.
class operator_interface {
 public:
  operator_interface() = default;
  operator_interface(const operator_interface&) = delete;
  operator_interface& operator=(const operator_interface&) = delete;
  virtual ~operator_interface() = default;

  /// Called once, before the first worker is started. Its arguments live as long as the master
  /// runs.
  virtual void begin(const plan& seen, std::vector<named_listener>& listeners,
                     master_commands commands, steady::time_point now) = 0;
  virtual void worker_started(std::size_t slot, pid_t pid, steady::time_point now) = 0;
  virtual void worker_ended(std::size_t slot, const std::string& title, const os::exit_status& how,
                            steady::time_point now) = 0;

  /// Adds descriptors to wait for. Nothing may be added in front of them before take_turn().
  virtual void add_to(std::vector<pollfd>& polled, steady::time_point now) = 0;
  [[nodiscard]] virtual deadline next_time() const = 0;
  virtual void take_turn(std::span<const pollfd> polled, steady::time_point now) = 0;
  /// Called after all that a turn has done to the plan.
  virtual void plan_changed(steady::time_point now) = 0;
  /// Called in a worker: closes all of the interface's descriptors.
  virtual void close_in_child() = 0;
};

}  // namespace samjoko::supervise

#pragma once
// Charter: tells a service manager what the plan is in: READY, STOPPING, a STATUS in words, and a
// WATCHDOG beat from the master's own loop, so that a master that hangs is noticed.
//
// Ready is the moment when every worker that is wanted has either said that it is ready or been
// given up, and each group that is still open has one that is ready: a manager that starts others
// after us may rely on all listeners being served. A worker that backs off is still waited for.

#include <functional>
#include <string>

#include <samjoko/os/notify.hpp>
#include <samjoko/supervise/plan.hpp>

namespace samjoko::supervise {

[[nodiscard]] bool is_ready(const plan& seen);
/// Nobody works any more, and nobody will until an operator recalls one.
[[nodiscard]] bool has_given_up(const plan& seen);
/// A helper of the workers was given up: they live, and part of what they do is refused.
[[nodiscard]] bool lacks_helper(const plan& seen);
/// "starting", "running", "degraded" (a helper was given up), "draining", "stopping", "parked".
/// `was_ready`: it was before.
[[nodiscard]] std::string_view phase_name(const plan& seen, bool was_ready);

class announcer {
 public:
  announcer(os::service_manager manager, std::function<void()> when_ready);

  /// Tells what is new, and beats when it is time. To be called in every turn of the loop.
  void take_turn(const plan& seen, steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept { return next_beat_; }
  [[nodiscard]] bool was_ready() const noexcept { return ready_; }
  /// In a child.
  void close() noexcept { manager_.told.close(); }

 private:
  void tell(const std::string& lines);

  os::service_manager manager_;
  std::function<void()> when_ready_;
  bool ready_ = false;
  bool stopping_ = false;
  std::string status_;  // what was told last
  deadline next_beat_ = deadline::never();
};

}  // namespace samjoko::supervise

#pragma once
// Charter: tells a service manager the state of the plan: READY, STOPPING, a STATUS in words, and a
// WATCHDOG beat from the master's own loop, so that a master that hangs is noticed.
//
// READY is sent when every worker that is wanted has either said that it is ready or been given up,
// and each group that is still open has a ready worker. So a manager that starts others after this
// program may rely on all listeners being served. A worker that backs off is still waited for.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <samjoko/operate/notify.hpp>
#include <samjoko/supervise/plan.hpp>

namespace samjoko::operate {

[[nodiscard]] bool is_ready(const supervise::plan& seen);
/// No worker is left, and none will start until an operator revives one.
[[nodiscard]] bool has_given_up(const supervise::plan& seen);
/// A helper of the workers was given up: the workers live, and part of what they do is refused.
[[nodiscard]] bool lacks_helper(const supervise::plan& seen);
/// "starting", "running", "degraded" (a helper was given up), "draining", "stopping", "failed".
/// `was_ready`: the service was ready before.
[[nodiscard]] std::string_view phase_name(const supervise::plan& seen, bool was_ready);

/// The manager's socket may be full when there is something to send, or not exist yet: the manager
/// may fork first and bind then, or be restarting. What was not sent is kept, in order, and tried
/// again; only a status that a newer one follows is dropped.
class service_notifier {
 public:
  static constexpr milliseconds first_retry{50};
  static constexpr milliseconds longest_retry{1000};
  /// A manager that does not read for so long is given up, with a line in the log.
  static constexpr milliseconds give_up_after{60'000};

  service_notifier(service_manager manager, std::function<void()> when_ready);

  /// Sends what is new, and beats when it is time. Call it in every turn of the loop.
  void take_turn(const supervise::plan& seen, steady::time_point now);
  [[nodiscard]] deadline next_time() const noexcept { return std::min(next_beat_, next_try_); }
  [[nodiscard]] bool was_ready() const noexcept { return ready_; }
  /// Call it in a child.
  void close() noexcept { manager_.told.close(); }

 private:
  void add_news(const supervise::plan& seen);
  void add(std::string lines, bool is_status);
  void send(steady::time_point now);
  [[nodiscard]] result<void> send_all();
  void wait_for_room(const error& why, steady::time_point now);
  void give_up(const error& why);

  struct message {
    std::string lines;
    bool is_status;  ///< only a status, nothing else
  };

  service_manager manager_;
  std::function<void()> when_ready_;
  bool ready_ = false;
  bool stopping_ = false;
  std::string status_;  // what was sent last
  deadline next_beat_ = deadline::never();
  bool beats_ = false;           // a beat is due: it is sent in time, never late
  std::vector<message> unsent_;  // few: statuses replace each other
  deadline next_try_ = deadline::never();
  milliseconds retry_{0};
  deadline patience_ = deadline::never();
};

}  // namespace samjoko::operate

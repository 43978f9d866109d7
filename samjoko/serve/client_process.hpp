#pragma once
// Charter: what a process that serves clients by blocking does: it is told by signals to stop, and
// has one loop. TERM is graceful, one real-time signal immediate, another ends a rest; all are sent
// by the worker that forked it. A third comes from its own timer. What a terminal sends to the
// whole group is the master's business and is blocked here. All others are left to handlers.

#include <atomic>
#include <csignal>
#include <samjoko/os/activity.hpp>
#include <samjoko/os/own_clock.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/task/stop.hpp>

namespace samjoko::serve {

inline constexpr int graceful_signal = SIGTERM;
/// The first real-time signals are the C library's, and the fourth is the kick (os/kick.cpp).
[[nodiscard]] inline int immediate_signal() noexcept { return SIGRTMIN + 5; }
[[nodiscard]] inline int end_rest_signal() noexcept { return SIGRTMIN + 6; }
/// From its own timer: call_after().
[[nodiscard]] inline int timer_signal() noexcept { return SIGRTMIN + 7; }

class client_process : session_owner {
 public:
  /// Once in the process that forks, before: what is the same in all of them.
  static void prepare();
  /// Once per process, in the child, after the fork.
  explicit client_process(const workload& work);
  ~client_process();

  [[nodiscard]] stop_flag& stop() noexcept { return stop_; }
  [[nodiscard]] io::blocking_loop& loop() noexcept { return thread_.loop(); }
  /// Serves one client to its end.
  void serve(os::descriptor socket, const os::peer_name& peer);
  /// A wait of this process while it has no client: ended when it is told to stop.
  void may_be_ended(io::operation& wait) noexcept { wait_ = &wait; }
  /// Told when a rest begins and ends.
  void watch_rests(std::function<void(const session&, bool begins)> told) {
    on_rest_ = std::move(told);
  }
  /// While this answers true, end_rest_signal means something else: leave before the next client.
  void leave_when(std::function<bool()> asked) { leaves_ = std::move(asked); }
  /// Called in a stop, when this process was told something while it serves.
  void when_stopping(std::function<void()> told) { on_stop_ = std::move(told); }
  /// Whether it ends because its worker did, while the master goes on and replaces that: others
  /// accept the clients in the backlog.
  [[nodiscard]] bool is_replaced() const noexcept { return worker_ended_.load() && !alone_.load(); }
  /// Whether this is such a process, and the worker that forked it has ended.
  [[nodiscard]] static bool has_lost_its_worker() noexcept;
  /// Calls `what` once after so long, on the thread of this process, in the middle of what that
  /// waits for. One at a time. False where no such process runs, or when there is no timer left.
  [[nodiscard]] static bool call_after(milliseconds time, void (*what)() noexcept) noexcept;
  /// While this answers true, somebody else waits for this process: goodbyes are short.
  void hurry_when(std::function<bool()> asked) { in_a_hurry_ = std::move(asked); }

 private:
  static void told(int signal, siginfo_t*, void*) noexcept;
  void session_ended(session&) noexcept override { session_ = nullptr; }
  void session_rests(session& resting, bool begins) noexcept override {
    if (on_rest_) on_rest_(resting, begins);
  }
  milliseconds linger_time() noexcept override {
    return in_a_hurry_ && in_a_hurry_() ? hurried_linger_time : usual_linger_time;
  }
  void look() noexcept;
  void notice_if_alone() noexcept;
  void hear_interrupts() noexcept;

  struct attention : runnable {
    client_process* self = nullptr;
  };
  const workload& work_;
  own_thread thread_;
  stop_flag stop_;
  attention attention_;
  session* session_ = nullptr;
  io::operation* wait_ = nullptr;
  /// Set by a signal: the present rest ends.
  std::atomic<bool> end_rest_ = false;
  /// Before anything asked this process to stop.
  std::atomic<bool> worker_ended_ = false;
  /// Its worker and its master are gone: nobody else keeps the limit of a stop.
  std::atomic<bool> alone_ = false;
  bool hears_interrupts_ = false;
  os::own_timer timer_;
  std::atomic<bool> timer_rang_ = false;
  void (*when_it_rings_)() noexcept = nullptr;
  std::function<void(const session&, bool)> on_rest_;
  std::function<bool()> leaves_;
  std::function<void()> on_stop_;
  std::function<bool()> in_a_hurry_;
};

}  // namespace samjoko::serve

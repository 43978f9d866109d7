#pragma once
// Charter: what a process that serves clients by blocking does. It has one loop, and signals tell
// it to stop: TERM is graceful, one real-time signal is immediate, another ends an idle wait. The
// worker that forked the process sends all of them. A third real-time signal comes from the
// process's own timer. Signals that a terminal sends to the whole group are the master's business
// and are blocked here. All others are left to handlers.

#include <atomic>
#include <csignal>
#include <samjoko/os/own_clock.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/serve/model.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/session.hpp>
#include <samjoko/task/stop.hpp>

namespace samjoko::serve {

inline constexpr int graceful_signal = SIGTERM;
/// The first real-time signals are the C library's, and the fourth is the thread interrupt
/// (os/thread_interrupt.cpp).
[[nodiscard]] inline int immediate_signal() noexcept { return SIGRTMIN + 5; }
[[nodiscard]] inline int end_idle_signal() noexcept { return SIGRTMIN + 6; }
/// Sent by the process's own timer: call_after().
[[nodiscard]] inline int timer_signal() noexcept { return SIGRTMIN + 7; }

class client_process : session_owner {
 public:
  /// Call once in the process that forks, before the forks: it does what is the same in all
  /// children.
  static void prepare();
  /// Once per process, in the child, after the fork.
  explicit client_process(const workload& work);
  ~client_process();

  [[nodiscard]] stop_flag& stop() noexcept { return stop_; }
  [[nodiscard]] io::blocking_loop& loop() noexcept { return thread_.loop(); }
  /// Serves one client to its end.
  void serve(os::descriptor socket, const scoreboard::peer_name& peer);
  /// `wait` is a wait of this process while it has no client. An order to stop ends it.
  void may_be_ended(io::operation& wait) noexcept { wait_ = &wait; }
  /// `told` is called when the client becomes idle, and when that is over.
  void watch_idle(std::function<void(const session&, bool begins)> told) {
    on_idle_ = std::move(told);
  }
  /// While this answers true, end_idle_signal means something else: leave before the next client.
  void leave_when(std::function<bool()> asked) { leaves_ = std::move(asked); }
  /// `told` is called in a stop, when a signal reaches this process while it serves.
  void when_stopping(std::function<void()> told) { on_stop_ = std::move(told); }
  /// Whether this process ends because its worker did, while the master goes on and replaces the
  /// worker. Then other processes accept the clients in the backlog.
  [[nodiscard]] bool is_replaced() const noexcept { return worker_ended_.load() && !alone_.load(); }
  /// Whether this is such a process, and the worker that forked it has ended.
  [[nodiscard]] static bool has_lost_its_worker() noexcept;
  /// Calls `what` once after `time`, on the thread of this process, in the middle of its waits. One
  /// call at a time. False where no such process runs, or when there is no timer left.
  [[nodiscard]] static bool call_after(milliseconds time, void (*what)() noexcept) noexcept;
  /// While this answers true, another client waits for this process: goodbyes are short.
  void hurry_when(std::function<bool()> asked) { in_a_hurry_ = std::move(asked); }

 private:
  static void told(int signal, siginfo_t*, void*) noexcept;
  void session_ended(session&) noexcept override { session_ = nullptr; }
  void session_idle(session& idle, bool begins) noexcept override {
    if (on_idle_) on_idle_(idle, begins);
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
  session_host host_;
  session* session_ = nullptr;
  io::operation* wait_ = nullptr;
  /// Set by a signal: the present idle wait ends.
  std::atomic<bool> end_idle_ = false;
  /// The worker ended before anything asked this process to stop.
  std::atomic<bool> worker_ended_ = false;
  /// The worker and the master are gone: no other process keeps the limit of a stop.
  std::atomic<bool> alone_ = false;
  bool hears_interrupts_ = false;
  os::own_timer timer_;
  std::atomic<bool> timer_rang_ = false;
  void (*when_it_rings_)() noexcept = nullptr;
  std::function<void(const session&, bool)> on_idle_;
  std::function<bool()> leaves_;
  std::function<void()> on_stop_;
  std::function<bool()> in_a_hurry_;
};

}  // namespace samjoko::serve

#pragma once
// Charter: gets one thread out of a blocking system call. The interrupt is never lost, and never
// hits a blocking call of code outside this library. It is a real-time signal, whose handler does
// nothing and is installed without SA_RESTART; it is sent only while the thread says that it waits.
// A signal that lands just before the call would be lost, so a timer repeats it until it is
// acknowledged (man 7 signal, man 2 timer_create, SIGEV_THREAD_ID).

#include <csignal>

#include <atomic>

namespace samjoko::os {

class thread_interrupt {
 public:
  /// For the calling thread; at most one per thread. Installs the handler if it is not installed.
  thread_interrupt();
  thread_interrupt(const thread_interrupt&) = delete;
  thread_interrupt& operator=(const thread_interrupt&) = delete;
  ~thread_interrupt();

  /// Once per process, before the first interrupt; also counts for the processes that it will fork.
  static void install();

  /// From any thread or a signal handler: the present or the next wait ends early.
  void send() noexcept;

  /// Own thread: says that a blocking call follows. False when there was an interrupt already,
  /// which is acknowledged by that: make no call then.
  [[nodiscard]] bool enter() noexcept {
    waiting_.store(true, std::memory_order_seq_cst);
    return !interrupted_.load(std::memory_order_seq_cst) || !leave();
  }
  /// Own thread: the call is over. True when there was an interrupt, which is acknowledged by that.
  bool leave() noexcept {
    // The order with send() is total: either send() sees that no thread waits any more, or it is
    // seen here.
    waiting_.store(false, std::memory_order_seq_cst);
    return interrupted_.load(std::memory_order_seq_cst) && acknowledge();
  }
  /// Own thread: whether the next enter() will be false. Cheaper than asking it.
  [[nodiscard]] bool pending() const noexcept {
    return interrupted_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr int none = -1;
  static constexpr int being_made = -2;

  static void handle(int, siginfo_t*, void*) noexcept;
  bool acknowledge() noexcept;
  void repeat_until_acknowledged() noexcept;
  [[nodiscard]] int make_timer() const noexcept;

  std::atomic<bool> waiting_ = false;
  std::atomic<bool> interrupted_ = false;
  std::atomic<int> sending_ = 0;  ///< how many are inside send(), and may be about to signal
  std::atomic<int> timer_ = none;
  int thread_ = 0;
};

}  // namespace samjoko::os

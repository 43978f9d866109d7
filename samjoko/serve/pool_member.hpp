#pragma once
// Charter: one thread of a pool. It waits in accept, serves, and looks for orders when it is
// interrupted.

#include <samjoko/os/thread.hpp>
#include <samjoko/serve/own_thread.hpp>
#include <samjoko/serve/thread_pool.hpp>

namespace samjoko::serve {

/// Lives on the stack of its thread.
class thread_pool::member : session_owner {
 public:
  /// Made by the main thread, so that a member needs no memory but its stack.
  struct ticket : os::thread_task {
    explicit ticket(std::shared_ptr<thread_pool> of) : pool(std::move(of)) { run = &member::live; }
    std::shared_ptr<thread_pool> pool;
    std::list<member*> place{nullptr};  ///< its place among the members, when it has none there
  };

  void thread_interrupt() noexcept { thread_.loop().wake(); }
  [[nodiscard]] bool is_accepting() const noexcept { return accepting_.load(); }
  /// Since when the member's client is idle; time_point::max() when it is not.
  [[nodiscard]] steady::time_point idle_since() const noexcept {
    return steady::time_point(steady::duration(idle_since_.load()));
  }
  /// Asks the member's client to give up the thread if it is still idle. From the main thread.
  void ask_to_detach() noexcept {
    detach_asked_.store(true);
    thread_interrupt();
  }

 private:
  static void live(os::thread_task& raw) noexcept;
  explicit member(ticket& mine);
  void run() noexcept;
  [[nodiscard]] bool a_newcomer_waits() const noexcept;
  bool accept_and_serve(bool newcomer);
  void pause(milliseconds time);
  bool serve_spoken();
  void accept_backlog();
  [[nodiscard]] std::int64_t accept_left();
  void admit(os::descriptor socket);
  void serve(client whom);
  void look() noexcept;
  [[nodiscard]] bool is_superfluous() noexcept;

  void session_ended(session&) noexcept override { session_ = nullptr; }
  void session_idle(session&, bool begins) noexcept override;
  void session_detached(session&, client whom) noexcept override;
  void session_lingers(session&, half_closed_client whom) noexcept override;
  bool keeps_idle(session&) noexcept override {
    return !pool_->crowded_.load() && !pool_->stop_.requested();
  }

  struct attention : runnable {
    member* self = nullptr;
  };
  static constexpr std::int64_t not_idle = steady::duration::max().count();

  ticket& mine_;
  std::shared_ptr<thread_pool> pool_;
  own_thread thread_;
  attention attention_;
  io::operation accept_;
  session_host host_;
  session* session_ = nullptr;
  bool served_spoken_ = false;
  std::atomic<bool> accepting_ = false;
  std::atomic<bool> detach_asked_ = false;
  std::atomic<std::int64_t> idle_since_ = not_idle;
  std::list<member*>::iterator place_;
};

}  // namespace samjoko::serve

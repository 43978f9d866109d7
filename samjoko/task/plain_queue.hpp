#pragma once
// Charter: a run queue without an outside world, for tests (it includes <gtest/gtest.h>): it runs
// what is ready until nothing is, and starts a task as a root on it.

#include <gtest/gtest.h>

#include <samjoko/task/run_queue.hpp>
#include <samjoko/task/suspended.hpp>
#include <samjoko/task/task.hpp>

namespace samjoko {

class plain_queue final : public run_queue {
 public:
  void wake() noexcept override { ++wakes; }
  /// Turns until nothing is ready.
  void run() {
    while (anything_ready() || anything_posted()) run_ready();
  }
  void attend() { run_attention(); }
  int wakes = 0;
};

/// A task that is the root of its own context.
template <class T>
class root : private runnable {
 public:
  root(plain_queue& on, task<T> work) : queue_(on), work_(std::move(work)) {
    context.queue = &on;
    run = [](runnable& self) noexcept { static_cast<root&>(self).ended = true; };
  }
  root& start() {
    ended = work_.start(context, *this);
    return *this;
  }
  T finish() {
    queue_.run();
    EXPECT_TRUE(ended) << "the task still waits";
    return work_.take();
  }
  task_context context;
  bool ended = false;

 private:
  plain_queue& queue_;
  task<T> work_;
};

/// Runs a task that needs nothing from outside to its end.
template <class T>
T run_on(plain_queue& queue, task<T> work) {
  root<T> main(queue, std::move(work));
  return main.start().finish();
}

/// Lets others run: is suspended, and ready at once.
class turn : public suspended {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    if (!suspend(waiter)) return false;
    make_ready();
    return true;
  }
  bool await_resume() const { return outcome(); }
};

}  // namespace samjoko

#pragma once
// Charter: the building block of waits that have no descriptor: a coroutine suspended until code on
// the same thread makes it ready, or its context is cancelled.

#include <coroutine>
#include <samjoko/task/failures.hpp>
#include <samjoko/task/run_queue.hpp>

namespace samjoko {

class suspended : public waiting, public runnable {
 public:
  suspended() noexcept {
    waiting::cancel = [](waiting& self) noexcept {
      auto& self_suspended = static_cast<suspended&>(self);
      self_suspended.cancelled_ = true;
      if (self_suspended.on_cancel != nullptr) self_suspended.on_cancel(self_suspended);
      self_suspended.make_ready();
    };
    runnable::run = [](runnable& self) noexcept {
      auto& self_suspended = static_cast<suspended&>(self);
      self_suspended.context_->current = nullptr;
      if (auto* observer = self_suspended.context_->queue->observer)
        observer->wait_ended(self_suspended);
      self_suspended.waiter_.resume();
    };
  }

  /// Called in await_suspend. Answers whether the coroutine is to be suspended; false when its
  /// context is cancelled already.
  template <class Promise>
  [[nodiscard]] bool suspend(std::coroutine_handle<Promise> waiter) noexcept {
    context_ = waiter.promise().context;
    if (context_->cancelled) {
      cancelled_ = true;
      return false;
    }
    waiter_ = waiter;
    context_->current = this;
    if (auto* observer = context_->queue->observer) observer->wait_began(*this, what, could_go_on);
    return true;
  }
  /// Resumes the coroutine soon, from the queue. Calling it again before then does nothing.
  void make_ready() noexcept { context_->queue->push(*this); }
  [[nodiscard]] bool was_cancelled() const noexcept { return cancelled_; }
  /// The answer of await_resume: whether it was not cancelled.
  [[nodiscard]] bool outcome() const {
    detail::note_outcome(*context_, cancelled_);
    return !cancelled_;
  }

  /// Called on cancel, before the coroutine is made ready: it leaves the list it waits in.
  void (*on_cancel)(suspended&) noexcept = nullptr;
  /// Names the wait in a search for waits that no code ends.
  const char* what = "something without a name";
  bool (*could_go_on)(const waiting&) = nullptr;

 private:
  std::coroutine_handle<> waiter_;
  task_context* context_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace samjoko

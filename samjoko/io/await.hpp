#pragma once
// Charter: an operation as something to co_await. The awaiter is the operation: no frame, no
// allocation. It is trivially destructible (a fence against GCC 12's double destruction of awaiter
// temporaries).

#include <cerrno>
#include <coroutine>
#include <samjoko/base/result.hpp>
#include <samjoko/io/loop.hpp>
#include <samjoko/scoreboard/thread_slot.hpp>
#include <samjoko/task/failures.hpp>

namespace samjoko::io {

/// Begins the operation it is on `via`; co_await gives the raw result (>= 0, or -errno).
template <class Operation = operation>
class awaited : public Operation, public waiting {
 public:
  explicit awaited(stream& via) noexcept : via_(&via) {}
  /// For an operation that may be over before it began: its outcome is then counted for `of`.
  awaited(stream& via, task_context& of) noexcept : via_(&via), context_(&of) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(*waiter.promise().context, waiter);
  }
  [[nodiscard]] std::int64_t await_resume() const { return noted(); }

 protected:
  /// Counts the outcome, if it was a failure, and returns the result.
  std::int64_t noted() const { return noted(0 > this->result); }
  std::int64_t noted(bool failed) const {
    detail::note_outcome(*context_, failed && this->result != -ETIMEDOUT);
    return this->result;
  }

  /// Answers whether the coroutine is to be suspended.
  bool begin(task_context& context, std::coroutine_handle<> waiter) noexcept {
    context_ = &context;
    if (context.cancelled) {
      this->result = -ECANCELED;
      return false;
    }
    waiter_ = waiter;
    this->complete = &awaited::completed;
    waiting::cancel = &awaited::cancel_wait;
    // Set before begin: a blocking loop waits inside it, and the wait may be cancelled there.
    context.current = this;
    if (via_->begin(*this) == start::pending) return true;
    context.current = nullptr;
    return false;
  }

 private:
  static void completed(operation& self) noexcept {
    auto& me = static_cast<awaited&>(self);
    me.context_->current = nullptr;
    scoreboard::mark_client(me.context_->descriptor);
    me.waiter_.resume();
  }
  static void cancel_wait(waiting& self) noexcept {
    auto& me = static_cast<awaited&>(self);
    me.via_->cancel(me);
  }

  stream* via_;
  task_context* context_ = nullptr;
  std::coroutine_handle<> waiter_;
};

/// Waits until the moment; false when cancelled.
class [[nodiscard]] sleep_until : public awaited<operation> {
 public:
  sleep_until(loop& on, deadline moment) noexcept : awaited(on) {
    kind = operation_kind::sleep;
    until = moment;
  }
  [[nodiscard]] bool await_resume() const { return noted() == 0; }
};

/// Waits until a descriptor that other code reads is readable; 0 or -errno.
class [[nodiscard]] until_readable : public awaited<operation> {
 public:
  until_readable(loop& on, int descriptor) noexcept : awaited(on) {
    kind = operation_kind::readable;
    fd = descriptor;
  }
};

}  // namespace samjoko::io

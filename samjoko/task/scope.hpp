#pragma once
// Charter: owns child tasks. A scope's children run side by side on their parent's loop; join()
// returns when all have ended. The first one that fails cancels the others. A scope may not be
// destroyed before it was joined: its children use what lives in the parent's frame.

#include <exception>
#include <samjoko/base/result.hpp>
#include <samjoko/task/task.hpp>

namespace samjoko {

class scope {
 public:
  /// Children run on the queue of `parent`, and are cancelled with it while it waits in join().
  explicit scope(task_context& parent) noexcept : queue_(*parent.queue) {}
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope();

  /// The child starts when the parent next waits. It fails by an exception, or by returning an
  /// error.
  void spawn(task<> work);
  void spawn(task<result<void>> work);

  /// Every wait of every child ends at once with ECANCELED. They still have to be joined.
  void cancel() noexcept;
  [[nodiscard]] std::size_t alive() const noexcept { return alive_; }

  class joining;
  /// Waits for all children; then the first failure: an error is returned, an exception thrown. A
  /// child that ended with ECANCELED because the scope was cancelled is no failure.
  [[nodiscard]] joining join() noexcept;

 private:
  struct child_base;
  template <class T>
  struct child;
  template <class T>
  void adopt(task<T> work);
  void ended(child_base& ended_child, std::exception_ptr thrown, result<void> outcome) noexcept;

  run_queue& queue_;
  child_base* children_ = nullptr;
  std::size_t alive_ = 0;
  bool cancelled_ = false;
  std::exception_ptr thrown_;
  result<void> outcome_;
  runnable* joiner_ = nullptr;
};

class scope::joining : public waiting, public runnable {
 public:
  explicit joining(scope& owner) noexcept;
  bool await_ready() const noexcept { return scope_.alive_ == 0; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    context_ = waiter.promise().context;
    waiter_ = waiter;
    context_->current = this;
    scope_.joiner_ = this;
    if (auto* observer = context_->queue->observer) observer->wait_began(*this, "a join", nullptr);
    if (context_->cancelled) scope_.cancel();
    return true;
  }
  [[nodiscard]] result<void> await_resume() const;

 private:
  scope& scope_;
  task_context* context_ = nullptr;
  std::coroutine_handle<> waiter_;
};

inline scope::joining scope::join() noexcept { return joining(*this); }

}  // namespace samjoko

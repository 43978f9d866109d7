#pragma once
// Charter: task<T>, a lazy coroutine that is awaited once. A child starts in place, inside the
// await: while nothing has to wait, a call through tasks is an ordinary nested call on an ordinary
// stack.
//
// Fences against GCC 12 (docs/hazards.md): no symmetric transfer into a child, because without tail
// calls (-O0, sanitizers) a loop of children that complete at once would grow the stack. Instead
// the child is run in await_suspend, and the parent is not suspended when the child has already
// finished.

#include <coroutine>
#include <exception>
#include <optional>
#include <samjoko/base/check.hpp>
#include <samjoko/task/frame_pool.hpp>
#include <samjoko/task/run_queue.hpp>
#include <utility>

namespace samjoko {

template <class T = void>
class task;

namespace detail {

class promise_base {
 public:
  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    frame_pool::release(frame, size);
  }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      promise_base& promise = self.promise();
      if (promise.starting_) return std::noop_coroutine();  // the starter sees that it has ended
      if (promise.continuation_) return promise.continuation_;
      promise.context->queue->push(*promise.finished_);
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  task_context* context = nullptr;

 private:
  template <class>
  friend class samjoko::task;

  /// Runs the coroutine until it waits or ends; answers whether it ended.
  bool start(std::coroutine_handle<> self) {
    starting_ = true;
    self.resume();
    if (self.done()) return true;
    starting_ = false;
    return false;
  }

  std::coroutine_handle<> continuation_;
  runnable* finished_ = nullptr;
  std::exception_ptr failure_;
  bool starting_ = false;
};

template <class T>
struct promise : promise_base {
  task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& from) {
    value.emplace(std::forward<U>(from));
  }
  T take() {
    rethrow();
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct promise<void> : promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() { rethrow(); }
};

}  // namespace detail

/// Move-only; owns the frame. Must not be destroyed between its first wait and its end: cancel what
/// it waits for and let it end (task_context::cancel, scope). Lives on one thread.
template <class T>
class [[nodiscard("it does nothing until it is awaited: write co_await")]] task {
 public:
  using promise_type = detail::promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  task() noexcept = default;
  explicit task(handle frame) noexcept : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~task() { reset(); }

  /// Whether there is a task: not moved away, not reset, and its frame could be made. Not a
  /// conversion to bool: `if (!client.read_line())` without co_await shall not compile.
  [[nodiscard]] bool exists() const noexcept { return static_cast<bool>(frame_); }
  [[nodiscard]] bool done() const noexcept { return frame_.done(); }

  /// Starts it as a root. Answers whether it ended at once; if not, `finished` is pushed when it
  /// ends.
  bool start(task_context& context, runnable& finished) {
    auto& promise = frame_.promise();
    promise.context = &context;
    promise.finished_ = &finished;
    return promise.start(frame_);
  }
  /// The outcome of a task that is done: its value, or its exception thrown again.
  T take() { return frame_.promise().take(); }

  void reset() noexcept {
    if (frame_) std::exchange(frame_, nullptr).destroy();
  }

  struct awaiter {
    handle child;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) const {
      SAMJOKO_CHECK(child, "a task that was moved from is awaited");
      auto& promise = child.promise();
      SAMJOKO_CHECK(!promise.continuation_, "a task is awaited a second time");
      promise.context = parent.promise().context;
      promise.continuation_ = parent;
      return !promise.start(child);
    }
    [[nodiscard]] T await_resume() const { return child.promise().take(); }
  };
  awaiter operator co_await() && noexcept { return {frame_}; }

 private:
  handle frame_;
};

namespace detail {
template <class T>
task<T> promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline task<void> promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}
}  // namespace detail

/// `co_await this_context()`: the context of the task that asks. Does not wait.
struct this_context {
  task_context* found = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    found = self.promise().context;
    return false;
  }
  [[nodiscard]] task_context& await_resume() const noexcept { return *found; }
};

}  // namespace samjoko

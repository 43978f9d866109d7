#pragma once
// Charter: what is ready to run on one thread, in order; and the context in which a tree of tasks
// runs. Waits that have no descriptor (a join, a channel) live above the loops: they push here what
// became ready. The loop is a run queue that can also wait for the outside world, and runs it.

#include <atomic>
#include <cstdint>

namespace samjoko {

/// Something that shall run soon on the queue's own thread. Lives in its owner, and is queued at
/// most once.
struct runnable {
  void (*run)(runnable&) noexcept = nullptr;
  runnable* behind = nullptr;  ///< belongs to the queue
  bool queued = false;
};

struct waiting;

/// Is told of waits that have no operation (a join, a channel): the simulated loop uses it to say
/// which task waits for what when nothing goes on. A loop has one, or none.
class wait_observer {
 public:
  /// `could_go_on`: whether what is waited for is true already; may be null.
  virtual void wait_began(waiting& wait, const char* what,
                          bool (*could_go_on)(const waiting&)) noexcept = 0;
  virtual void wait_ended(waiting& wait) noexcept = 0;

 protected:
  ~wait_observer() = default;
};

class run_queue {
 public:
  run_queue() noexcept = default;
  run_queue(const run_queue&) = delete;
  run_queue& operator=(const run_queue&) = delete;
  virtual ~run_queue();

  /// From the queue's own thread. A runnable that is queued already stays where it is.
  void push(runnable& item) noexcept;
  /// From any thread, not from a signal handler; wakes the loop. The item must be unqueued.
  void post(runnable& item) noexcept;
  /// From any thread or a signal handler: makes the loop look at its queue and its attention. Never
  /// lost.
  virtual void wake() noexcept = 0;

  /// Called by the loop, on its own thread, each time it was woken. Set by the code that runs on
  /// the loop.
  runnable* attention = nullptr;
  wait_observer* observer = nullptr;

  /// Tasks that were started as roots or children of a scope and have not ended. A loop runs until
  /// there are none; a blocking loop may block in place only while there is one.
  void task_started() noexcept { ++live_tasks_; }
  void task_ended() noexcept { --live_tasks_; }
  [[nodiscard]] unsigned live_tasks() const noexcept { return live_tasks_; }

 protected:
  [[nodiscard]] bool anything_ready() const noexcept { return first_ != nullptr; }
  [[nodiscard]] bool anything_posted() const noexcept {
    return posted_.load(std::memory_order_acquire) != nullptr;
  }
  /// Runs what is ready now, not what becomes ready meanwhile: one turn. Takes in posted items
  /// first.
  void run_ready() noexcept;
  void run_attention() noexcept;

 private:
  void take_posted() noexcept;

  runnable* first_ = nullptr;
  runnable* last_ = nullptr;
  std::atomic<runnable*> posted_ = nullptr;
  unsigned live_tasks_ = 0;
};

/// What a suspended coroutine waits for, so that the wait can be cancelled.
struct waiting {
  /// Ends the wait soon, with an error; the coroutine still resumes, later, from the queue or the
  /// loop.
  void (*cancel)(waiting&) noexcept = nullptr;
};

/// Shared by a root task and everything it awaits: where it runs, and what it waits for right now.
struct task_context {
  run_queue* queue = nullptr;
  waiting* current = nullptr;
  bool cancelled = false;
  /// How many waits in a row have failed (task/failures.hpp).
  std::uint16_t failures = 0;
  /// The descriptor of the client that the tasks serve; -1: none. A crash handler tells by it which
  /// client was served.
  int descriptor = -1;

  /// Every wait from now on ends at once with ECANCELED, the present one soon.
  void cancel() noexcept {
    cancelled = true;
    if (current != nullptr) current->cancel(*current);
  }
};

}  // namespace samjoko

#include <samjoko/task/scope.hpp>

#include <cerrno>

namespace samjoko {

/// A child is queued once to start, and again by its task when that has ended.
struct scope::child_base : runnable {
  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    frame_pool::release(memory, size);
  }

  scope* owner = nullptr;
  task_context context;
  child_base* following = nullptr;
  child_base* previous = nullptr;
};

template <class T>
struct scope::child : child_base {
  explicit child(task<T> the_work) noexcept : work(std::move(the_work)) {
    run = [](runnable& self) noexcept { static_cast<child&>(self).advance(); };
  }

  void advance() noexcept {
    if (!started) {
      started = true;
      if (!work.start(context, *this)) return;
    }
    std::exception_ptr thrown;
    result<void> outcome;
    try {
      if constexpr (std::is_void_v<T>) {
        work.take();
      } else {
        outcome = work.take();
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    auto* scope_of_child = owner;
    work.reset();
    scope_of_child->ended(*this, std::move(thrown), std::move(outcome));
    delete this;
  }

  task<T> work;
  bool started = false;
};

scope::~scope() {
  SAMJOKO_CHECK(alive_ == 0, "a scope was destroyed before its children were joined");
}

template <class T>
void scope::adopt(task<T> work) {
  auto* added = new child<T>(std::move(work));
  added->owner = this;
  added->context.queue = &queue_;
  added->context.cancelled = cancelled_;
  added->following = children_;
  if (children_ != nullptr) children_->previous = added;
  children_ = added;
  ++alive_;
  queue_.task_started();
  queue_.push(*added);
}

void scope::spawn(task<> work) { adopt(std::move(work)); }
void scope::spawn(task<result<void>> work) { adopt(std::move(work)); }

void scope::cancel() noexcept {
  cancelled_ = true;
  for (auto* each = children_; each != nullptr; each = each->following) {
    if (!each->context.cancelled) each->context.cancel();
  }
}

void scope::ended(child_base& ended_child, std::exception_ptr thrown,
                  result<void> outcome) noexcept {
  if (ended_child.following != nullptr) ended_child.following->previous = ended_child.previous;
  (ended_child.previous != nullptr ? ended_child.previous->following : children_) =
      ended_child.following;
  --alive_;
  queue_.task_ended();
  const bool is_echo_of_cancel = cancelled_ && !outcome && outcome.error().is(ECANCELED);
  if ((thrown != nullptr || !outcome) && !is_echo_of_cancel) {
    const bool first = thrown_ == nullptr && outcome_.has_value();
    if (first) {
      thrown_ = std::move(thrown);
      outcome_ = std::move(outcome);
    }
    if (!cancelled_) cancel();
  }
  if (alive_ == 0 && joiner_ != nullptr) queue_.push(*joiner_);
}

scope::joining::joining(scope& owner) noexcept : scope_(owner) {
  waiting::cancel = [](waiting& self) noexcept { static_cast<joining&>(self).scope_.cancel(); };
  runnable::run = [](runnable& self) noexcept {
    auto& join = static_cast<joining&>(self);
    join.context_->current = nullptr;
    if (auto* observer = join.context_->queue->observer) observer->wait_ended(join);
    join.scope_.joiner_ = nullptr;
    join.waiter_.resume();
  };
}

result<void> scope::joining::await_resume() const {
  if (scope_.thrown_) std::rethrow_exception(std::exchange(scope_.thrown_, nullptr));
  return std::exchange(scope_.outcome_, {});
}

}  // namespace samjoko

#pragma once
// Charter: a detached thread with a stack of a chosen size (man 3 pthread_create). std::thread
// cannot say how large its stack is, and a thread per client must.

#include <cstddef>
#include <samjoko/base/result.hpp>
#include <samjoko/os/signal_stack.hpp>

namespace samjoko::os {

/// What a thread is to do; derive from it to hand something over. The thread neither copies nor
/// owns it, because the first malloc or free of a thread gives it memory of its own (a cache, and
/// often an arena), which a thread that only waits for a client shall not hold.
struct thread_task {
  void (*run)(thread_task&) noexcept = nullptr;
  /// Used by start_thread(): lent to the thread, so that its starter maps it and not the thread.
  signal_stack for_handlers = {};
};

/// Starts `what.run(what)`; `what` must live until the thread no longer uses it. Every signal but
/// the synchronous ones is blocked in the thread, so that the process's signals reach the thread
/// that asked for them. Below the stack lie 64 KiB that cannot be touched, so that an overflow by
/// any usual function ends in them; handlers have a stack of their own (os/signal_stack.hpp).
/// Errors: EAGAIN when the system has no room for a thread.
[[nodiscard]] result<void> start_thread(std::size_t stack_size, thread_task& what);

}  // namespace samjoko::os

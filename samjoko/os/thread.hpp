#pragma once
// Charter: a detached thread with a stack of a chosen size (man 3 pthread_create). std::thread
// cannot say how large its stack is, and a thread per client must.

#include <cstddef>
#include <samjoko/base/result.hpp>

namespace samjoko::os {

/// Starts `body(argument)`. Every signal but the synchronous ones is blocked in it, so that the
/// process's signals reach the thread that asked for them. Errors: EAGAIN when the system has no
/// room for a thread.
[[nodiscard]] result<void> start_thread(std::size_t stack_size, void (*body)(void*) noexcept,
                                        void* argument);

}  // namespace samjoko::os

#pragma once
// Charter: which process and thread run this code, without a system call each time it is asked.

#include <sys/types.h>

namespace samjoko::os {

struct thread_id {
  pid_t process = 0;
  pid_t thread = 0;  ///< the kernel's number of the thread (man 2 gettid)
};

/// The ids of the calling thread. Remembered per thread, and forgotten in the child of a fork(2).
[[nodiscard]] thread_id current_thread_id() noexcept;

}  // namespace samjoko::os

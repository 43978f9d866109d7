#pragma once
// Charter: who runs this code, without a system call each time it is asked.

#include <sys/types.h>

namespace samjoko::os {

struct caller {
  pid_t process = 0;
  pid_t thread = 0;  ///< the kernel's number of the thread (man 2 gettid)
};

/// Of the calling thread. Remembered per thread, and forgotten in the child of a fork(2).
[[nodiscard]] caller current_caller() noexcept;

}  // namespace samjoko::os

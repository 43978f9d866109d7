#pragma once
// Charter: writing to a pipe (man 7 pipe). Nothing in write(2) says "no signal when the reader is
// gone", as MSG_NOSIGNAL does for a socket.

#include <sys/types.h>
#include <sys/uio.h>

#include <span>

namespace samjoko::os {

/// writev(2) that raises no SIGPIPE: it is blocked in this thread meanwhile, and one that the write
/// made pending is taken away. The process's action for it is not touched. What writev answers.
[[nodiscard]] ssize_t write_to_pipe(int pipe, std::span<const iovec> parts) noexcept;

}  // namespace samjoko::os

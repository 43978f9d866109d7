#pragma once
// Charter: the one place that moves bytes through a socket. Each try makes the system call of an
// operation, retries EINTR where the wait need not be woken, continues partial sends, and says
// whether the operation is finished or would have to wait. Signals for closed peers are turned off
// per call (MSG_NOSIGNAL), never for the process. Our end of a pipe works as well, at the cost of a
// call that a socket does not need.

#include <samjoko/io/loop.hpp>

namespace samjoko::io {

/// A send that has moved this many bytes stops, so that others get their turn.
inline constexpr std::int64_t most_per_try = 1 << 20;

/// Tries without waiting. true: `wanted.result` is final. false: it would block, or a send yields
/// (`wanted.yields`); a send may have made progress (`progressed`). A receive into a loop's block
/// takes one from `pool` only while it tries.
[[nodiscard]] bool attempt(operation& wanted, buffer_pool& pool, bool sockets_block,
                           bool* progressed = nullptr);

/// A receive.
[[nodiscard]] bool attempt_receive(operation& wanted, buffer_pool& pool);

/// A receive from a socket that may pass descriptors: when it `yields`, more bytes may follow,
/// though room was left. It costs more than attempt() (recvmsg in place of recv: 60 instructions
/// here and some more in the kernel).
[[nodiscard]] bool attempt_beside_descriptors(operation& wanted, buffer_pool& pool);

/// One blocking receive or accept; `wanted.result` is -EINTR when a signal came, -EAGAIN when the
/// socket's own receive timeout passed.
void block_in_call(operation& wanted, buffer_pool& pool);

/// Does the part of an immediate operation that concerns the descriptor.
void do_now(operation& wanted, buffer_pool& pool);

}  // namespace samjoko::io

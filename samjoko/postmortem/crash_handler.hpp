#pragma once
// Charter: the handler that a dying process runs. It copies what is needed to explain the death
// into a slot of shared memory (postmortem/capture_slot.hpp) and lets the process die of the same
// signal, with the same siginfo and the same core dump, as if there had been no handler. It does
// nothing else: symbols and sentences are made later, in another process (postmortem/unwind.hpp).
//
// It may interrupt any instruction, malloc in the middle of its lists included, on a stack that is
// used up, in a process whose memory is corrupt. So it calls only what man 7 signal-safety lists,
// trusts no pointer of the interrupted code (the kernel copies the stack, and says so when it
// cannot), and is left in bounded time also when it crashes itself.
//
// Only for processes that Samjoko forked: a program that embeds it keeps its own handlers.

#include <sys/types.h>

#include <cstdint>
#include <samjoko/base/result.hpp>
#include <samjoko/postmortem/capture_slot.hpp>
#include <span>

namespace samjoko::postmortem {

/// For the calling process and those it forks: SEGV, BUS, FPE, ILL, ABRT, SYS and TRAP are
/// captured, and so is every other signal that would end the process by default and has its default
/// disposition now (a signal that is ignored or handled stays so; a handler installed later
/// replaces this one). A process that ends by std::terminate() leaves its exception's type and
/// message. The calling thread gets an alternate signal stack (os/signal_stack.hpp); threads of
/// os/thread.hpp have one.
///
/// `slots` must stay mapped for the life of the process. Handlers survive fork without another
/// system call (reset_signals_in_child() leaves them), and end at exec and by reset_all_signals().
/// Call it once per process, before its threads, after it has ignored the signals it ignores.
/// Errors: ENOMEM from sigaltstack; sigaction on a signal that exists does not fail.
[[nodiscard]] result<void> install_crash_handler(std::span<capture_slot> slots);

/// Restores the defaults, and gives up the slots: for a child that runs code of its own (a helper).
void remove_crash_handler() noexcept;

/// SIGRTMIN+4. SIGRTMIN+3 is the thread interrupt (os/thread_interrupt.hpp).
[[nodiscard]] int capture_signal() noexcept;

/// Asks a live thread of a process with our handler for a capture; find_answer() finds it under
/// `ticket`, which is not 0. The thread goes on where it was. The handler has SA_RESTART, but any
/// handler ends a few calls with EINTR (man 7 signal: poll, epoll_wait, nanosleep, a socket with a
/// timeout). There is no answer when the thread blocks the signal, is stopped, or waits
/// uninterruptibly in the kernel, nor when all slots are taken. Errors: ESRCH, EPERM, EAGAIN (too
/// many signals queued).
[[nodiscard]] result<void> request_capture(pid_t pid, pid_t tid, std::uint32_t ticket);

}  // namespace samjoko::postmortem

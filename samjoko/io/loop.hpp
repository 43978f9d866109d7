#pragma once
// Charter: how a task waits. A loop is asked to begin an operation and answers done or pending;
// that answer is the whole difference between blocking and multiplexed. A loop belongs to the
// thread that made it; only wake() and run_queue::post() may be called from other threads.
//
// The contract, which loop_contract_test.cpp holds every loop to:
//  1. done: the result is set and complete() is never called. pending: complete() is called exactly
//     once, from run(), on the loop's thread, never from inside begin() or cancel().
//  2. The operation and its bytes stay in place until then. To leave early, cancel and wait.
//  3. A receive of 0 bytes is the end of the stream, never "nothing yet".
//  4. A deadline ends any operation, at most 100 ms or 1 % late and never early.
//  5. A loop that many clients share bounds how much one task completes in place per turn, in
//     operations and in bytes of one send.
//  6. A send is whole: partial sends are continued by the loop.
//  7. A wake() before, during or after the wait is not lost.

#include <samjoko/io/buffers.hpp>
#include <samjoko/io/operation.hpp>
#include <samjoko/os/address.hpp>
#include <samjoko/os/clock.hpp>
#include <samjoko/task/run_queue.hpp>

namespace samjoko::io {

enum class start : bool { pending, done };

/// Where operations can be begun: a loop for plain sockets; a layer between (TLS) is one too.
class stream {
 public:
  virtual start begin(operation& wanted) = 0;
  /// A pending operation still completes, soon, as ECANCELED or with the result it just got.
  virtual void cancel(operation& pending) noexcept = 0;

 protected:
  ~stream() = default;
};

class loop : public stream, public run_queue {
 public:
  /// Runs until no task is alive on this loop.
  virtual void run() = 0;

  /// The clock by which deadlines on this loop are counted: steady::now(), or a simulated one.
  [[nodiscard]] virtual steady::time_point now() const noexcept { return steady::now(); }
  /// The moment that is `time` from now, for a wait on this loop: never early, late by less than
  /// os::coarse_lag(). Cheaper than asking now(), and right on a simulated clock too.
  [[nodiscard]] virtual deadline deadline_after(steady::duration time) const noexcept {
    return deadline(os::coarse_now() + os::coarse_lag() + time);
  }

  /// The other side of a connected socket of this loop, and our own.
  [[nodiscard]] virtual result<os::address> peer_of(int socket) const;
  [[nodiscard]] virtual result<os::address> local_of(int socket) const;

  /// Whether the kernel's descriptors can be waited for here: not on a simulated loop, which has
  /// neither processes nor signals.
  [[nodiscard]] virtual bool is_real() const noexcept { return true; }
  /// Whether sockets stay blocking here: one client has this thread for itself.
  [[nodiscard]] bool blocks() const noexcept { return blocks_; }
  [[nodiscard]] buffer_pool& buffers() noexcept { return buffers_; }

 protected:
  explicit loop(bool blocks) noexcept : blocks_(blocks) {}

 private:
  buffer_pool buffers_;
  bool blocks_;
};

}  // namespace samjoko::io

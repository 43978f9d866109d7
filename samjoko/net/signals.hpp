#pragma once
// Charter: signals for handlers, as something to await, in every model. Nothing is installed unless
// asked for, and the action that stood there before comes back afterwards.
//
// Opened once and asked again and again: between two waits a queue must keep a signal, since the
// default action of most is to end the process. Each queue gets each signal, in every thread. A
// signal reaches one process: send it to the worker (to its group, where clients have processes of
// their own).
//
// SIGTERM cannot be had: it tells a process of this library to stop, and
// connection::stop_requested() says so. Nor can the first eight real-time signals.

#include <deque>
#include <initializer_list>
#include <optional>
#include <samjoko/net/connection.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko {

using os::signal_notice;

class signals {
 public:
  /// Catches the signals from now on, for the handler of `from` and on its loop. Errors: EBUSY for
  /// a signal that is used already, EINVAL for one that cannot be caught or tells of a fault
  /// (SIGSEGV), EMFILE; EOPNOTSUPP on a simulated loop.
  [[nodiscard]] static result<signals> open(connection& from, std::initializer_list<int> which);
  signals(signals&& other) noexcept;
  signals& operator=(signals&&) = delete;
  ~signals();

  /// The next signal: which, how often since it was last returned, and its sender. By one task at a
  /// time. Errors: ECANCELED.
  [[nodiscard]] task<result<signal_notice>> next();

 private:
  signals(io::loop& on, os::signal_queue queue) noexcept : loop_(&on), queue_(std::move(queue)) {}
  void take();

  io::loop* loop_;
  os::signal_queue queue_;
  std::deque<signal_notice> taken_;
};

}  // namespace samjoko

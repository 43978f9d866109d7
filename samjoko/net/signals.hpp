#pragma once
// Charter: signals for handlers, as something to await, in every model. Nothing is installed unless
// asked for, and what stood there before comes back afterwards.
//
// Opened once and asked again and again, since between two waits a signal must find somebody who
// keeps it: the default action of most is to end the process. Each one who opened hears of each
// signal, in every thread. A signal reaches one process: send it to the worker (to its group,
// where clients have processes of their own).
//
// SIGTERM is not to be had: it is how a process of this library is told to stop, and
// connection::stop_requested() says so. Nor are the first six real-time signals.

#include <deque>
#include <initializer_list>
#include <optional>
#include <samjoko/net/connection.hpp>
#include <samjoko/os/signals.hpp>

namespace samjoko {

using os::signal_notice;

class signals {
 public:
  /// Catches them from now on, for the handler of `from` and on its loop. Errors: EBUSY for one
  /// that is used already, EINVAL for one that cannot be caught or tells of a fault (SIGSEGV),
  /// EMFILE; EOPNOTSUPP on a simulated loop.
  [[nodiscard]] static result<signals> open(connection& from, std::initializer_list<int> which);
  signals(signals&& other) noexcept;
  signals& operator=(signals&&) = delete;
  ~signals();

  /// The next one: which, how often since it was last told, who sent it. By one task at a time.
  /// Errors: ECANCELED.
  [[nodiscard]] task<result<signal_notice>> next();

 private:
  signals(io::loop& on, os::signal_queue queue) noexcept : loop_(&on), queue_(std::move(queue)) {}
  void take();

  io::loop* loop_;
  os::signal_queue queue_;
  std::deque<signal_notice> taken_;
};

}  // namespace samjoko

#pragma once
// Charter: where a client runs. A model is a pair of choices (a process, a thread or a shared loop;
// one for each client, or a pool), made at run time. Each model runs in one worker process until
// the worker was told to stop and its last client is gone.

#include <unistd.h>

#include <functional>
#include <optional>
#include <samjoko/postmortem/death_recorder.hpp>
#include <samjoko/scoreboard/counters.hpp>
#include <samjoko/serve/placement_limits.hpp>
#include <samjoko/service/handler.hpp>
#include <span>
#include <string_view>

namespace samjoko::serve {

class connection_limiter;

/// What the master and the kernel tell the worker.
struct order_news {
  /// The highest level asked for so far.
  stop_level stop = stop_level::none;
  /// Children of this process ended since the last time: reap.
  bool children_ended = false;
};

struct orders {
  /// Readable when there is something to take; -1: there are no orders. Not owned, and it must stay
  /// open until run() returns. If it were closed earlier, the next client's socket could get its
  /// number, and that socket would be polled for orders. A descriptor that ends earlier, such as
  /// the line to a master that is gone, is kept behind this one (os::watch_together()).
  int descriptor = -1;
  /// Never blocks.
  std::function<order_news()> take;
  /// Tells the master that a death stands in the ring and waits for its stack. False when there is
  /// no master any more. May be empty.
  std::function<bool()> death_waits{};
};

struct workload {
  const service& offered;
  /// Bound and listening. The model sets their mode (blocking or not).
  std::span<const int> listeners;
  const serve_limits& limits;
  orders& from_master;
  scoreboard::counters& counts;
  /// The account of the whole program, made by the master with these limits before it forked. Null:
  /// this worker is the whole program, and run() makes an account.
  const connection_limiter* account = nullptr;
  /// This worker's number in the account, from 1 up.
  std::size_t worker = 1;
  /// The process that runs the model. The children that it forks end when it does.
  pid_t forking_process = ::getpid();
  /// The process that may adopt a process that the model forked and whose worker ended. Without it
  /// such a process keeps the limits of a stop by its own clock.
  pid_t master = 0;
  milliseconds stop_limit{30'000};
  milliseconds kill_grace{1000};
  /// Closes this process's copy of a listener, which accepts no more clients. The kernel may reuse
  /// its number afterwards. In a process that the model forks it closes that process's copy. May be
  /// empty.
  std::function<void(int listener)> let_go{};
  /// Keeps the deaths of processes that the model forks. Null: they are logged and not kept.
  postmortem::black_box* box = nullptr;

  void close(int listener) const {
    if (let_go) let_go(listener);
  }
};

/// Runs the model in this process until it is stopped. Process models require a single-threaded
/// process. Errors: what kept it from starting.
[[nodiscard]] result<void> run(model where, spawn how, workload& work);

/// The name of the model that runs in this process, or in the one that forked it for a client;
/// "none" where none does. Any thread.
[[nodiscard]] std::string_view model_of_this_process() noexcept;

/// These functions need work.account.
[[nodiscard]] result<void> run_shared_loop(workload& work);
[[nodiscard]] result<void> run_thread_each(workload& work);
[[nodiscard]] result<void> run_thread_pool(workload& work);
[[nodiscard]] result<void> run_process_each(workload& work);
[[nodiscard]] result<void> run_process_pool(workload& work);

}  // namespace samjoko::serve

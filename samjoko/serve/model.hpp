#pragma once
// Charter: where a client runs. A model is a pair of choices (a process, a thread or a shared loop;
// one for each client, or a pool), made at run time. Each runs in one worker process until it was
// told to stop and its last client is gone.

#include <unistd.h>

#include <functional>
#include <optional>
#include <samjoko/net/limits.hpp>
#include <samjoko/os/registrar.hpp>
#include <samjoko/serve/counters.hpp>
#include <samjoko/serve/handler.hpp>
#include <span>
#include <string_view>

namespace samjoko {

enum class model : std::uint8_t { process, thread, multiplex };
enum class spawn : std::uint8_t { each, pool };

[[nodiscard]] std::string_view name_of(model which) noexcept;
[[nodiscard]] std::string_view name_of(spawn which) noexcept;

struct serve_limits {
  connection_limits connection;
  /// Connections open at once in all workers of the program; more are refused. 0: as many as there
  /// are descriptors, or 131,072 with a limit per peer.
  std::uint32_t max_connections = 0;
  /// Of them, from one IPv4 address or one IPv6 network of 64 bits (serve/connection_account.hpp
  /// says why). 0: no limit. Unix peers are not counted.
  std::uint32_t max_connections_per_peer = 0;

  std::uint32_t pool_min = 4;
  std::uint32_t pool_max = 256;
  /// A process or thread that a pool does not need leaves after this time without a client.
  milliseconds pool_idle{10'000};
  /// A pool process leaves after so many clients. 0: never.
  std::uint64_t recycle_after = 0;
  /// Bytes of stack for a thread.
  std::size_t stack_size = 256 * 1024;
};

namespace serve {

class connection_account;

/// What the worker is told, from its master and by the kernel.
struct order_news {
  /// The highest level asked for so far.
  stop_level stop = stop_level::none;
  /// Children of this process ended since the last time: reap.
  bool children_ended = false;
};

struct orders {
  /// Readable when there is something to take; -1: nobody gives orders. Not owned, and to stay open
  /// until run() returns: closed earlier, its number may be a client's the next moment, who would
  /// then be polled for orders. What does end earlier, as the line to a master that is gone, ends
  /// behind it (os::watch_together()).
  int descriptor = -1;
  /// Never blocks.
  std::function<order_news()> take;
  /// A death stands on the board and waits for its stack: the master is to look. False when there
  /// is no master any more. May be empty.
  std::function<bool()> death_waits{};
};

struct workload {
  const service& offered;
  /// Bound and listening; their mode (blocking or not) is the model's to set.
  std::span<const int> listeners;
  const serve_limits& limits;
  orders& from_master;
  counters& counts;
  /// Of the whole program, made by the master with these limits before it forked. Null: this worker
  /// is the whole program, and run() makes one.
  const connection_account* account = nullptr;
  /// This worker's number in it, from 1 up.
  std::size_t worker = 1;
  /// The process that runs the model: children that it forks end when it does.
  pid_t forking_process = ::getpid();
  /// Who may adopt a process that the model forked and whose worker ended. Without one such a
  /// process keeps the limits of a stop by its own clock.
  pid_t master = 0;
  milliseconds stop_limit{30'000};
  milliseconds kill_grace{1000};
  /// Closes this process's copy of a listener: nobody is to be accepted from it any more. Its
  /// number may be anything's afterwards. In a process that the model forks: that one's copy. May
  /// be empty.
  std::function<void(int listener)> let_go{};
  /// For the deaths of processes that the model forks. Null: they are told and not kept.
  os::black_box* box = nullptr;

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

/// Each of them needs an account.
[[nodiscard]] result<void> run_shared_loop(workload& work);
[[nodiscard]] result<void> run_thread_each(workload& work);
[[nodiscard]] result<void> run_thread_pool(workload& work);
[[nodiscard]] result<void> run_process_each(workload& work);
[[nodiscard]] result<void> run_process_pool(workload& work);

}  // namespace serve
}  // namespace samjoko

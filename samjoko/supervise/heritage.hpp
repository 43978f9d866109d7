#pragma once
// Charter: everything a worker inherits from its master, in one struct. What is not named here does
// not cross the fork: the child closes it.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/registrar.hpp>
#include <samjoko/supervise/channel.hpp>
#include <samjoko/supervise/scoreboard.hpp>

namespace samjoko::supervise {

struct named_listener {
  os::descriptor socket;
  std::string name;       ///< its address, for people, and to tell listeners apart
  std::size_t group = 0;  ///< of the workers that accept from it
  /// It was handed over: whoever gave it may hold it too, and it is left as it is.
  bool is_given = false;
};

struct heritage {
  /// Those of the worker's group; shared with the master and all other workers of it.
  std::vector<named_listener> listeners;
  std::size_t group = 0;
  channel to_master;
  /// The worker's number from 1 up, which a successor in the same slot takes over, and the how
  /// manieth in that slot it is. Number and generation together name a worker for ever.
  std::size_t number = 0;
  std::uint64_t generation = 0;
  pid_t master = 0;
  /// How long a stop may take, kept by the worker itself when the master is gone, and how long it
  /// has after the order to end at once.
  milliseconds stop_limit{30'000};
  milliseconds kill_grace{1000};
  /// This worker's own; lives as long as the process.
  worker_counters* counters = nullptr;
  /// What outlives it, of the whole program; null: none.
  os::black_box* box = nullptr;
  /// Descriptors that the service's handlers use.
  std::vector<int> kept;
  // The log's descriptor is in os::process_log() and is inherited there. Settings of the service,
  // and memory that its workers share (the account of connections), are captured by the function
  // that is the worker's main.
};

}  // namespace samjoko::supervise

#pragma once
// Charter: everything a worker inherits from its master, in one struct. Nothing else crosses the
// fork: the child closes it.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/postmortem/death_recorder.hpp>
#include <samjoko/scoreboard/worker_slot.hpp>
#include <samjoko/supervise/channel.hpp>

namespace samjoko::supervise {

struct named_listener {
  os::descriptor socket;
  std::string name;       ///< its address, for people, and to tell listeners apart
  std::size_t group = 0;  ///< of the workers that accept from it
  /// Another process handed it over and may hold it too, so it is left as it is.
  bool is_given = false;
};

struct heritage {
  /// The listeners of the worker's group, shared with the master and all other workers of the
  /// group.
  std::vector<named_listener> listeners;
  std::size_t group = 0;
  channel to_master;
  /// The worker's number from 1 up, which a successor in the same slot takes over, and its
  /// generation in that slot. Number and generation together name a worker for ever.
  std::size_t number = 0;
  std::uint64_t generation = 0;
  pid_t master = 0;
  /// How long a stop may take (the worker itself keeps this limit when the master is gone), and how
  /// long the worker has after the order to end at once.
  milliseconds stop_limit{30'000};
  milliseconds kill_grace{1000};
  /// This worker's own counters. They live as long as the process.
  scoreboard::worker_slot* counters = nullptr;
  /// The shared memory for deaths, which outlives the worker; for the whole program. Null: none.
  postmortem::black_box* box = nullptr;
  /// Descriptors that the service's handlers use.
  std::vector<int> kept;
  // The log's descriptor is in log::process_log() and is inherited there. The function that is the
  // worker's main captures the settings of the service and the memory that its workers share (the
  // account of connections).
};

}  // namespace samjoko::supervise

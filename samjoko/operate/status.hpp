#pragma once
// Charter: the state of the running service as data, and its text for people and for machines.
// Pure: control_handler.hpp gathers the facts.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/postmortem/death_storm.hpp>
#include <samjoko/scoreboard/counters.hpp>
#include <samjoko/supervise/plan_table.hpp>

namespace samjoko::operate {

/// Counts of one worker slot since the master started; `open` is the present number.
struct connection_counts {
  std::uint64_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;        ///< by a limit on connections
  std::uint64_t accept_pauses = 0;  ///< out of descriptors, processes or threads
};

[[nodiscard]] connection_counts counts_of(const scoreboard::counters& slot) noexcept;

struct worker_view {
  std::size_t number = 0;  ///< from 1 up
  pid_t pid = 0;           ///< 0: there is no process
  supervise::slot_state state = supervise::slot_state::empty;
  bool is_stopped = false;         ///< by a signal or a debugger: it serves no client
  double age = 0;                  ///< seconds of the process
  std::uint64_t restarts = 0;      ///< processes that the slot had before this one
  std::optional<double> next_try;  ///< seconds until then, while it waits
  std::string last_end;            ///< of the slot's previous process, in words; empty: none ended
  connection_counts connections;
};

struct group_view {
  std::string name;
  std::string model;                   ///< "process, spawn pool"
  std::vector<std::string> listeners;  ///< their addresses
  bool open = true;                    ///< false: all its workers were given up, no client gets in
  std::size_t wanted = 0;
  std::vector<worker_view> workers;  ///< those that are wanted, or still there
};

struct service_view {
  std::string program;  ///< for commands that people type
  std::string version;
  pid_t pid = 0;
  double uptime = 0;         ///< seconds
  std::string phase;         ///< starting, running, draining, stopping, failed (no worker is left)
  std::uint64_t deaths = 0;  ///< since the start, of workers and of processes of clients
  std::vector<postmortem::storm_of_deaths> storms{};  ///< that last
  std::vector<group_view> groups;
};

/// What an operator can do about a worker in this state; empty: nothing need be done.
[[nodiscard]] std::string advice_for(supervise::slot_state state, const std::string& program);

/// A table with a line per worker, and what is wrong below it.
[[nodiscard]] std::string as_text(const service_view& seen);
/// One object on one line. Keys are stable: more may come, none goes or changes its meaning.
[[nodiscard]] std::string as_json(const service_view& seen);

}  // namespace samjoko::operate

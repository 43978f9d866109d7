#pragma once
// Charter: the hub as a process beside the workers: how the master is told of it, and what it does.

#include <samjoko/hub/limits.hpp>
#include <samjoko/serve/counters.hpp>
#include <samjoko/supervise/master.hpp>
#include <vector>

namespace samjoko::cli {

/// What the hub is called in the log, in `status` and in commands; no service may be.
inline constexpr const char* hub_group = "hub";

/// Adds the hub as the last group, a helper of the others. Before the counters are sized. Errors:
/// no socket for it.
[[nodiscard]] result<void> add_hub(supervise::master_settings& settings);

/// The main of that group's worker.
[[nodiscard]] int be_hub(supervise::worker& me, const std::vector<int>& listeners,
                         const hub::limits& bounds, serve::counters& counts);

/// Opens the listener again where the group, given up, had it closed.
[[nodiscard]] result<void> reopen_hub(std::vector<supervise::named_listener>& all,
                                      std::size_t group);

}  // namespace samjoko::cli

#pragma once
// Charter: the hub as a process beside the workers: what is told to the master about it, and what
// it does.

#include <samjoko/hub/limits.hpp>
#include <samjoko/scoreboard/counters.hpp>
#include <samjoko/supervise/master.hpp>
#include <vector>

namespace samjoko::cli {

/// The hub's name in the log, in `status` and in commands; no service may have it.
inline constexpr const char* hub_group = "hub";

/// Adds the hub as the last group, a helper of the others. Call it before the counters are sized.
/// Errors: no socket for it.
[[nodiscard]] result<void> add_hub(supervise::master_settings& settings);

/// The main function of that group's worker.
[[nodiscard]] int be_hub(supervise::worker& me, const std::vector<int>& listeners,
                         const hub::limits& bounds, scoreboard::counters& counts);

/// Opens the listener again where it was closed because the group was given up.
[[nodiscard]] result<void> reopen_hub(std::vector<supervise::named_listener>& all,
                                      std::size_t group);

}  // namespace samjoko::cli

#pragma once
// Charter: the numbers by which the plan decides, with their defaults. The options of the command
// line set them.

#include <cstddef>
#include <vector>

#include <samjoko/base/deadline.hpp>

namespace samjoko::supervise {

struct plan_settings {
  std::vector<std::size_t> workers{1};  ///< of each group, at the start
  /// The last `helper_groups` groups are helpers of the others (a hub): never scaled, and told to
  /// stop when the workers of all other groups have ended.
  std::size_t helper_groups = 0;
  std::size_t most_workers = 256;  ///< of all groups; what "one more" may reach
  milliseconds stable_after{1000};
  milliseconds first_delay{100};
  milliseconds longest_delay{10'000};
  milliseconds longest_fork_delay{500};
  std::size_t failures_to_give_up = 5;  ///< as many ...
  milliseconds failure_window{60'000};  ///< ... within this fail the slot
  /// Workers that had proved themselves are replaced at once: `replace_burst` of a group in one
  /// burst, then `replace_rate` a second.
  std::size_t replace_burst = 20;
  std::size_t replace_rate = 20;
  /// A worker that is not ready by then is ended, and counts as a failed boot.
  milliseconds boot_limit{30'000};
  milliseconds drain_limit{30'000};
  /// How long to go on accepting after the order to stop gracefully, so that load balancers hear of
  /// the stop before clients are refused.
  milliseconds drain_delay{0};
  milliseconds kill_grace{1000};
  /// Two orders of one kind within this time are one: `timeout` of coreutils sends each signal
  /// twice, to the process and to its group, and means one order.
  milliseconds repeat_window{10};
  /// When all workers have been given up: stay instead of leaving, so that an operator can see why
  /// and revive them. Listeners are closed all the same.
  bool stay_when_given_up = false;
};

}  // namespace samjoko::supervise

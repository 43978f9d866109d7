#pragma once
// Charter: why a process died, out of what is known about it. Pure: every row of the judgement is
// in its test. Nothing is called proved that another course of events could have left behind.

#include <sys/types.h>

#include <cstdint>
#include <samjoko/os/death_record.hpp>
#include <samjoko/os/exit_status.hpp>

namespace samjoko::os {

/// What the dying process caught of its signal (os/crash_handler.hpp).
struct caught_signal {
  int signal = 0;  ///< 0: nothing was caught
  int code = 0;    ///< si_code (man 2 sigaction): above 0 the kernel itself
  pid_t sender = 0;
};

struct death_evidence {
  pid_t pid = 0;
  exit_status status;
  /// The limit for which we had told it to end, or had killed it.
  own_limit limit = own_limit::none;
  /// Who sent it a SIGTERM that it obeyed; 0: nobody.
  pid_t told_by = 0;
  caught_signal caught{};
  memory_evidence memory{};
};

struct cause_found {
  death_cause cause = death_cause::unknown;
  certainty sure = certainty::unknown;

  friend bool operator==(const cause_found&, const cause_found&) noexcept = default;
};

[[nodiscard]] cause_found cause_of(const death_evidence& known) noexcept;

}  // namespace samjoko::os

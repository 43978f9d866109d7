#pragma once
// Charter: why a process died, from what is known about it. Pure: its test has every row of the
// judgement. A cause is called proved only when no other course of events leaves the same evidence.

#include <sys/types.h>

#include <cstdint>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/postmortem/death_record.hpp>

namespace samjoko::postmortem {

/// The signal that the dying process caught (postmortem/crash_handler.hpp).
struct caught_signal {
  int signal = 0;  ///< 0: nothing was caught
  int code = 0;    ///< si_code (man 2 sigaction): above 0 the kernel itself
  pid_t sender = 0;
};

struct death_evidence {
  pid_t pid = 0;
  os::exit_status status;
  /// The limit for which we had told it to end, or had killed it.
  own_limit limit = own_limit::none;
  /// The process that sent it a SIGTERM that it obeyed; 0: none.
  pid_t signalled_by = 0;
  caught_signal caught{};
  memory_evidence memory{};
};

struct cause_found {
  death_cause cause = death_cause::unknown;
  certainty sure = certainty::unknown;

  friend bool operator==(const cause_found&, const cause_found&) noexcept = default;
};

[[nodiscard]] cause_found cause_of(const death_evidence& known) noexcept;

}  // namespace samjoko::postmortem

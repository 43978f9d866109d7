#pragma once
// Charter: descriptors that a service manager handed over at the start (socket activation: man 3
// sd_listen_fds), and their names. The protocol is three variables of the environment: LISTEN_PID
// says for whom, LISTEN_FDS how many from number 3 on, LISTEN_FDNAMES their names, with colons
// between. Our own few lines instead of a library: they are stable and documented.

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::os {

struct handed_descriptor {
  int number = -1;
  std::string name;  ///< "unknown" where the manager gave none, as sd_listen_fds_with_names does
};

struct handed_descriptors {
  std::vector<handed_descriptor> all;
  /// Why there is none although the variables are set: they are for another process, or say
  /// nonsense. Empty otherwise.
  std::string refused;
};

/// What the variables mean to process `self`; null for one that is not set. Pure.
[[nodiscard]] handed_descriptors read_handed(const char* listen_pid, const char* listen_fds,
                                             const char* names, pid_t self);

/// Of this process: read at the first call, when each is made close-on-exec, and then kept.
[[nodiscard]] const handed_descriptors& handed_to_this_process();

/// The number of the one called `name`; -1 when there is none, or several.
[[nodiscard]] int number_of_handed(std::string_view name, const handed_descriptors& among);
/// The same when it is -1: why, and what there is.
[[nodiscard]] std::string why_not_handed(std::string_view name, const handed_descriptors& among);

/// Those whose numbers are not among `used`, for people; empty: none. Their clients would wait for
/// ever.
[[nodiscard]] std::string unused_of(const handed_descriptors& among, std::span<const int> used);

/// Reads them, and takes the variables out of the environment, so that no child believes that they
/// are meant for it. Not while other threads run.
void keep_handed_from_children();

}  // namespace samjoko::os

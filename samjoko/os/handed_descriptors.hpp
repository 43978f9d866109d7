#pragma once
// Charter: descriptors that a service manager handed over at the start (socket activation: man 3
// sd_listen_fds), and their names. The protocol is three environment variables: LISTEN_PID says for
// which process, LISTEN_FDS how many from number 3 on, LISTEN_FDNAMES their names, with colons
// between. Read by a few lines of our own instead of a library: the variables are stable and
// documented.

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
  /// Why there are none although the variables are set: they are for another process, or make no
  /// sense. Empty otherwise.
  std::string refused;
};

/// What the variables mean to process `self`; null for a variable that is not set. Pure.
[[nodiscard]] handed_descriptors read_handed(const char* listen_pid, const char* listen_fds,
                                             const char* names, pid_t self);

/// The descriptors of this process: read at the first call, when each is made close-on-exec, and
/// then kept.
[[nodiscard]] const handed_descriptors& handed_to_this_process();

/// The number of the descriptor called `name`; -1 when there is none, or several.
[[nodiscard]] int number_of_handed(std::string_view name, const handed_descriptors& among);
/// Why the number is -1, and which names there are.
[[nodiscard]] std::string why_not_handed(std::string_view name, const handed_descriptors& among);

/// Those whose numbers are not among `used`, for people; empty: none. Their clients would wait for
/// ever.
[[nodiscard]] std::string unused_of(const handed_descriptors& among, std::span<const int> used);

/// Reads them, and removes the variables from the environment, so that no child believes that they
/// are meant for it. Not while other threads run.
void keep_handed_from_children();

}  // namespace samjoko::os

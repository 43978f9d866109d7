#pragma once
// Charter: what this process may do: limits on its resources, and giving up root for good.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <samjoko/base/result.hpp>

namespace samjoko::os {

/// How many descriptors this process may have open now (RLIMIT_NOFILE, the soft limit).
[[nodiscard]] result<std::uint64_t> open_files_limit();
/// Raises the soft limit on descriptors to the hard one, which needs no privilege; returns the new
/// limit. The hard limit is left alone.
[[nodiscard]] result<std::uint64_t> raise_open_files_limit();
/// The soft limit that this process had before; none when it was never raised. Programs are started
/// with it: a program that uses select(2) breaks above 1024.
[[nodiscard]] std::optional<std::uint64_t> open_files_limit_at_start() noexcept;

struct identity {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> others = {};  ///< supplementary groups
  std::string name = {};           ///< empty: /etc/passwd does not know it
  std::string home = {};
};
/// The user called `name` (or of that number), with its main group, or `group` when that is not
/// empty. A user given by name has the supplementary groups that /etc/group gives to its name (man
/// 5 group); a user given by number has none.
/// Errors: bad_argument for a user or group that does not exist. Not for use after a fork with
/// threads.
[[nodiscard]] result<identity> find_identity(const std::string& name,
                                             const std::string& group = {});

/// Becomes `who` in all three ids of user and group, with its supplementary groups and no others,
/// for good. HOME, USER and LOGNAME are set accordingly where the user has a name; else they are
/// unset, rather than left as root's. It is CHECKed that root cannot be regained. Groups come
/// first, since without root they cannot be changed (man 2 setresuid, credentials(7)). Errors:
/// EPERM when not root. Not while other threads run.
[[nodiscard]] result<void> become(const identity& who);

}  // namespace samjoko::os

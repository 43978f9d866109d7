#pragma once
// Charter: folders for sockets that a program makes while it runs, private to a user; other
// programs of the user find them.

#include <samjoko/base/result.hpp>
#include <string>
#include <vector>

namespace samjoko::operate {

/// Where such a folder called `name` may be, the best place first: in $XDG_RUNTIME_DIR if that is
/// this user's own, /run/user/UID (for root: /run), and /tmp/NAME-UID, which always can be made.
/// The environment alone is not enough: a service and the shell that looks for it have different
/// ones.
[[nodiscard]] std::vector<std::string> runtime_folders(const std::string& name);

/// Makes the folder with mode 0700 unless it exists. It must be a folder (no link to one), belong
/// to this user and be closed to all others: in /tmp any user may have made it before. Errors:
/// EACCES, ENOENT, EPERM (it belongs to another user, or is open to others).
[[nodiscard]] result<void> make_private_folder(const std::string& path);

/// Names of the sockets in a folder that is this user's or root's; empty where there is none.
[[nodiscard]] std::vector<std::string> sockets_in(const std::string& folder);

/// The name of this program's file: the same for all processes that run it, whatever name started
/// them.
[[nodiscard]] std::string program_file_name();

}  // namespace samjoko::operate

#pragma once
// Charter: opening a file whose content this process obeys, when no untrusted user can have written
// it. The rule is what sshd asks of a user's files (StrictModes), and ssh of its configuration.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::os {

/// Opens for reading a file whose content this process obeys, such as a configuration. Links are
/// followed, the last one too. For root it is refused where any other user may change the file, a
/// folder on the way, or a link. An ordinary user chooses whose files to obey: refused is only
/// what every user may change, and in a shared folder a file that is neither root's nor this user's
/// own. A folder of root's that is mounted read-only passes whatever its mode says, as do those in
/// which containers get their configuration. Errors: EPERM (`on` says why), and those of open(2).
[[nodiscard]] result<descriptor> open_obeyed_file(const std::string& path);

}  // namespace samjoko::os

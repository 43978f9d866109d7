#pragma once
// Charter: opening a file whose content this process obeys, when nobody else can have written it.
// The measure is what sshd asks of a user's files (StrictModes), and ssh of its configuration.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::os {

/// Opens for reading a file whose content this process obeys, such as a configuration. Links are
/// followed, the last one too. For root it is refused where anybody else may change the file, a
/// folder on the way, or a link. An ordinary user obeys whom they name: refused is only what
/// everybody may change, and in a shared folder what is neither root's nor their own. A folder of
/// root's that is mounted read-only passes whatever its mode says, as those do in which containers
/// get their configuration. Errors: EPERM (`on` says why), and those of open(2).
[[nodiscard]] result<descriptor> open_obeyed_file(const std::string& path);

}  // namespace samjoko::os

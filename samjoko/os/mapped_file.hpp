#pragma once
// Charter: the file behind a mapping of another process. That process has gone since, and the file
// may have been replaced.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/memory_map.hpp>
#include <span>

namespace samjoko::os {

/// Opens the very file that was mapped: by its path if its inode is still the same. Otherwise, when
/// it is the program of the calling process, which an upgrade may have replaced, opens that program
/// (man 5 proc_pid_exe). Only a regular file; never waits. Errors: those of open; ESTALE when
/// another file has its name.
[[nodiscard]] result<descriptor> open_mapped_file(const mapping& part);
/// The separate debug information of a build id, where distributions put it
/// (/usr/lib/debug/.build-id); -1 when there is none. The caller closes it.
[[nodiscard]] int open_debug_file(std::span<const unsigned char> build_id);

}  // namespace samjoko::os

#pragma once
// Charter: opens the file that a log is written to, so that neither the opening nor a later write
// waits for another process, and no other user of the machine chooses the file.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::log {

/// Opens `path` for appending; a file is made with mode 0644 where there is none. The folder is a
/// held_folder. A FIFO is opened for reading too (man 7 fifo): it can be opened before its reader
/// comes, keeps up to 64 KiB for that reader, and a reader that leaves is no error. /dev/stdout,
/// /dev/stderr, /dev/fd/N and /proc/self/fd/N are this process's own descriptors, whatever they
/// are. Errors: those of open(2), at once: ENXIO for a unix socket, and for a FIFO that may not be
/// read and has no reader.
[[nodiscard]] result<os::descriptor> open_target(const std::string& path);

}  // namespace samjoko::log

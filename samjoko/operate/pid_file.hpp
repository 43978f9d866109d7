#pragma once
// Charter: a file that names the process of a program: one line, the pid. It appears whole or not
// at all, and is removed at the end.

#include <sys/types.h>

#include <string>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/held_folder.hpp>

namespace samjoko::operate {

class pid_file {
 public:
  pid_file() noexcept = default;
  /// Looks whether `path` can be had. It is refused when it names a living process that is older
  /// than the file. A younger process has the number by chance (the number was reused, or the
  /// machine was started anew), and the file is stale. Leaves a file of its own beside it,
  /// `path`.new, so that a folder that cannot be written to is reported now and not when all is
  /// ready. The lock of that file (man 2 flock) keeps out another program that starts at the same
  /// time. A file that a killed start left there is taken over. The folder is a held_folder, and a
  /// file that has the name must be a regular file. Errors: EEXIST (the program lives, `on` names
  /// the process, or is being started), EPERM, EACCES, ENOENT.
  [[nodiscard]] static result<pid_file> claim(const std::string& path);
  pid_file(pid_file&& other) noexcept;
  pid_file& operator=(pid_file&& other) noexcept;
  /// Removes the file that it made (device and inode), with what it wrote; not in a child.
  ~pid_file();

  /// Makes the file appear with this process's number, mode 0644 (man 2 rename: no process ever
  /// sees half of it).
  [[nodiscard]] result<void> publish();

 private:
  [[nodiscard]] result<void> lock();
  [[nodiscard]] result<void> look_at_owner() const;

  std::string path_;        // empty: none
  os::held_folder place_;   // where the file is to be
  os::held_folder coming_;  // where the file is until it is published
  bool published_ = false;
  os::descriptor file_;  // held, so that no other file gets its inode
  pid_t owner_ = 0;
};

}  // namespace samjoko::operate

#pragma once
// Charter: a file that says which process a program is: one
// line, the pid. Appears whole or not at all, and goes at the end.

#include <sys/types.h>

#include <string>

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/held_folder.hpp>

namespace samjoko::os {

class pid_file {
 public:
  pid_file() noexcept = default;
  /// Looks whether `path` can be had: refused when it names a process that lives and is older than
  /// the file. A younger one has the number by chance (it was given anew, or the machine was
  /// started anew), and the file is stale. Leaves a file of its own beside it, `path`.new, so that
  /// a folder that cannot be written to is told now and not when all is ready; its lock (man 2
  /// flock) keeps out whoever starts at the same time. What a start that was killed left there is
  /// taken over. The folder is a held_folder, and what has the name must be a regular file. Errors:
  /// EEXIST (it lives, `on` says who, or is being started), EPERM, EACCES, ENOENT.
  [[nodiscard]] static result<pid_file> claim(const std::string& path);
  pid_file(pid_file&& other) noexcept;
  pid_file& operator=(pid_file&& other) noexcept;
  /// Removes the file that it made (device and inode), with what it wrote; not in a child.
  ~pid_file();

  /// The file is there, with this process's number, mode 0644 (man 2 rename: nobody ever sees half
  /// of it).
  [[nodiscard]] result<void> publish();

 private:
  [[nodiscard]] result<void> lock();
  [[nodiscard]] result<void> look_at_owner() const;

  std::string path_;    // empty: none
  held_folder place_;   // where it is to be
  held_folder coming_;  // where it is until it is published
  bool published_ = false;
  descriptor file_;  // held, so that its inode cannot become another's
  pid_t owner_ = 0;
};

}  // namespace samjoko::os

#pragma once
// Charter: which process owns the file of a unix socket. Servers that start in one folder exclude
// each other, and at its end a process removes only the file that it made: never that of a
// successor, which was bound anew or renamed into its place.

#include <sys/types.h>

#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::os {

/// Held while a stale socket is replaced and the new one is bound, until it listens: in that time a
/// connect of another server is refused, and that server would take the socket for stale. The lock
/// is on the folder itself (man 2 flock), so that no file is left behind. A lock that another
/// process holds is waited for, 5 s at most. A folder that cannot be locked (another user may hold
/// the lock for ever) is no error.
class folder_lock {
 public:
  explicit folder_lock(const std::string& file_in_it);

 private:
  descriptor folder_;
};

class socket_file {
 public:
  socket_file() noexcept = default;
  /// For the socket that this process has just bound there.
  explicit socket_file(std::string path);
  socket_file(socket_file&& other) noexcept;
  socket_file& operator=(socket_file&& other) noexcept;
  ~socket_file() { remove(); }

  /// Removes the file if it is still the one that was made (device and inode), and only in the
  /// process that made it. The file is held open, so that its inode cannot become another file's
  /// meanwhile.
  void remove() noexcept;
  /// The file stays.
  void leave() noexcept { itself_.reset(); }

 private:
  std::string path_;
  descriptor itself_;  ///< O_PATH
  pid_t owner_ = 0;
};

/// Removes the file of a unix socket on which no process listens. Only a socket is ever removed,
/// never a file that merely has the name.
void remove_stale(const address& where);
/// The same for a caller that holds the folder's lock.
void remove_stale(const address& where, const folder_lock& held);

}  // namespace samjoko::os

#pragma once
// Charter: whose the file of a unix socket is. Starts in one folder exclude each other, and at the
// end only the file that this process made is removed: never that of a successor, which was bound
// anew or renamed into its place.

#include <sys/types.h>

#include <samjoko/os/address.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::os {

/// Held while a stale socket is replaced and the new one is bound, until it listens: a probe of
/// somebody else's is refused in that time, and would take it for stale. The lock is on the folder
/// itself (man 2 flock), so that no file is left behind. Somebody else who holds it is waited for,
/// 5 s at most; a folder that cannot be locked (another user may hold it for ever) is no error.
class folder_lock {
 public:
  explicit folder_lock(const std::string& file_in_it);

 private:
  descriptor folder_;
};

class socket_file {
 public:
  socket_file() noexcept = default;
  /// Of the socket that this process has just bound there.
  explicit socket_file(std::string path);
  socket_file(socket_file&& other) noexcept;
  socket_file& operator=(socket_file&& other) noexcept;
  ~socket_file() { remove(); }

  /// If it is still the one that was made (device and inode), and in the process that made it. The
  /// file is held open, so that its inode cannot become another's meanwhile.
  void remove() noexcept;
  /// The file stays.
  void leave() noexcept { itself_.reset(); }

 private:
  std::string path_;
  descriptor itself_;  ///< O_PATH
  pid_t owner_ = 0;
};

/// Removes the file of a unix socket on which nobody listens. Only a socket is ever removed, never
/// a file that merely has the name.
void remove_stale(const address& where);
/// The same for one who holds the folder's lock.
void remove_stale(const address& where, const folder_lock& held);

}  // namespace samjoko::os

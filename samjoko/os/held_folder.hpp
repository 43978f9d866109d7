#pragma once
// Charter: the folder of a path that an operator named, held open, so that what this process opens
// there is what was meant, whatever other users of the machine do meanwhile. Privileged programs
// that open, chmod or chown by a path alone give other users' links power over root's files. The
// rule is what sshd (StrictModes), Postfix and systemd ask of such a path.
//
// The path is walked name by name, each folder held by a descriptor. A user who may change a folder
// may change where the path leads. So each folder must be root's or this user's own, and no other
// user may write to it. A folder with the sticky bit (/tmp) is passed, but in it only what is
// root's or this user's own. Links on the way are followed under the same rule; the last name is
// never followed.

#include <sys/types.h>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>

namespace samjoko::os {

class held_folder {
 public:
  held_folder() noexcept = default;
  /// The folder of `path`. Errors: EPERM (`on` says which folder and why), ENOENT, ENOTDIR, ELOOP.
  [[nodiscard]] static result<held_folder> of(const std::string& path);

  [[nodiscard]] int number() const noexcept { return folder_.get(); }
  /// The last name of the path, without a slash.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Whether other users may put names into the folder (the sticky bit).
  [[nodiscard]] bool is_shared() const noexcept { return shared_; }

  /// The file that has the name, itself (O_PATH). Errors: ENOENT where no file has it; EPERM for a
  /// link, and in a shared folder for a file that is not this user's own or has another name
  /// besides.
  [[nodiscard]] result<descriptor> look() const;
  /// The same file, opened with `flags`; nothing is created. The file that is opened is the file
  /// that was looked at.
  [[nodiscard]] result<descriptor> open(int flags) const;
  /// The same for a regular file; EINVAL for any other kind, which is not opened.
  [[nodiscard]] result<descriptor> look_regular() const;
  [[nodiscard]] result<descriptor> open_regular(int flags) const;
  /// A new regular file. EEXIST where anything has the name.
  [[nodiscard]] result<descriptor> make(int flags, mode_t mode) const;

  /// Another name in the same folder: this one with `more` behind it. Errors: EMFILE.
  [[nodiscard]] result<held_folder> beside(const std::string& more) const;
  /// Whether the name belongs to the file that is open as `number`.
  [[nodiscard]] bool names(int number) const noexcept;
  /// Gives the file another name in the same folder, in place of what has that name (man 2
  /// renameat).
  [[nodiscard]] result<void> rename_to(const held_folder& other) const;
  /// Removes the name if the file that is open as `number` has it; any other file stays.
  void remove(int number) const noexcept;

 private:
  held_folder(descriptor folder, std::string path, std::string name, bool shared)
      : folder_(std::move(folder)),
        path_(std::move(path)),
        name_(std::move(name)),
        shared_(shared) {}

  descriptor folder_;  // O_PATH
  std::string path_;   // as it was given, for errors
  std::string name_;
  bool shared_ = false;
};

/// Whether this process may create or replace what `path` names: held_folder::of() accepts its
/// folder, and either nothing has the name, or a file that look() accepts.
[[nodiscard]] result<void> check_place(const std::string& path);

}  // namespace samjoko::os

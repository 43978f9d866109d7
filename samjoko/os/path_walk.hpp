#pragma once
// Charter: going down a path name by name, each folder held by a descriptor, and stopping where
// other users may change where it leads. Used by os/held_folder.hpp and os/obeyed_file.hpp.

#include <sys/stat.h>

#include <deque>
#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

/// Which users may have a hand in a path.
enum class path_rule : unsigned char {
  this_user_alone,  ///< and root
  not_everybody,    ///< other users and groups too, but not every user
};

/// Whether a user is root, this process's user, or a number that no user can have here.
[[nodiscard]] bool is_trusted(uid_t user);
/// Why other users may change this file, or the files in this folder; nothing: they may not.
[[nodiscard]] std::optional<std::string> why_not_safe(const struct stat& about, path_rule kept);
/// Whether it is root's, and mounted so that no user can use the permission that the mode gives.
[[nodiscard]] bool is_roots_and_read_only(int file, const struct stat& about) noexcept;
[[nodiscard]] bool is_same_file(const struct stat& one, const struct stat& other) noexcept;

/// A path, made absolute and cut in two. Errors: EISDIR where there is no last name.
struct parted_path {
  std::string folders;
  std::string name;
};
[[nodiscard]] result<parted_path> take_apart(const std::string& path);

class path_walk {
 public:
  /// `only_read`: the file at the end is not created or changed. Then a folder of root's that is
  /// mounted read-only passes whatever its mode says. `path` is for the errors, and must stay
  /// valid.
  path_walk(const std::string& path, path_rule kept, bool only_read)
      : path_(path), kept_(kept), only_read_(only_read) {}

  /// Errors: EPERM (`on` says which folder and why), ENOENT, ENOTDIR, ELOOP.
  [[nodiscard]] result<void> to(std::string_view folders);
  /// The file that has the name there, or that a link of that name leads to, itself (O_PATH).
  /// Afterwards `name` is its name in the folder where the walk is. Errors: those of to(); EPERM.
  [[nodiscard]] result<descriptor> find(std::string& name);

  [[nodiscard]] int number() const noexcept { return at_.get(); }
  [[nodiscard]] descriptor take() noexcept { return std::move(at_); }
  /// Whether other users may put names into the present folder (the sticky bit).
  [[nodiscard]] bool is_shared() const noexcept { return shared_; }

 private:
  [[nodiscard]] result<void> go_to_root();
  [[nodiscard]] result<void> go_on();
  [[nodiscard]] result<void> step(const std::string& name);
  [[nodiscard]] result<void> follow(const descriptor& link);
  [[nodiscard]] result<void> enter(descriptor folder, std::string_view name);

  const std::string& path_;
  const path_rule kept_;
  const bool only_read_;
  std::deque<std::string> left_;
  std::string where_;
  descriptor at_;  // O_PATH
  bool shared_ = false;
  int links_ = 0;
};

}  // namespace samjoko::os

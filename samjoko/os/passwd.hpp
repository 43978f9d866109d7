#pragma once
// Charter: users and groups by name, from /etc/passwd and /etc/group alone (man 5 passwd, man 5
// group). The C library's own look-up loads modules at run time, which a statically linked program
// cannot do (it crashes). Users of a directory service are given by number.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::os {

/// The number of a user or group; nothing for other text, and for 4294967295, by which chown(2),
/// setresuid(2) and setresgid(2) mean "leave it as it is": a process that gives up root must not
/// keep it by mistake.
[[nodiscard]] std::optional<unsigned> number_of_id(std::string_view text) noexcept;

struct account {
  unsigned user = 0;
  unsigned group = 0;  ///< its main group
  std::string name = {};
  std::string home = {};
};
[[nodiscard]] std::optional<account> account_named(std::string_view name);
[[nodiscard]] std::optional<account> account_numbered(unsigned user);
[[nodiscard]] std::optional<unsigned> group_named(std::string_view name);
/// The groups that name `user` as a member, in the order of the file, each once.
[[nodiscard]] std::vector<unsigned> groups_of_member(std::string_view user);

}  // namespace samjoko::os

#pragma once
// Charter: users and groups by name, from /etc/passwd and /etc/group alone (man 5 passwd, man 5
// group). The C library's own look-up loads modules at run time, which a statically linked program
// cannot do (it crashes); users of a directory service are given by number.

#include <optional>
#include <string_view>

namespace samjoko::os {

struct account {
  unsigned user = 0;
  unsigned group = 0;  ///< its main group
};
[[nodiscard]] std::optional<account> account_named(std::string_view name);
[[nodiscard]] std::optional<account> account_numbered(unsigned user);
[[nodiscard]] std::optional<unsigned> group_named(std::string_view name);

}  // namespace samjoko::os

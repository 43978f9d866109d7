#include <samjoko/os/privilege.hpp>

#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <vector>

#include <samjoko/base/check.hpp>
#include <samjoko/os/passwd.hpp>

namespace samjoko::os {
namespace {

/// Written once, before there are threads.
constinit std::optional<std::uint64_t> before_it_was_raised;

result<gid_t> find_group(const std::string& name) {
  if (const auto found = group_named(name)) return *found;
  if (const auto number = number_of_id(name)) return *number;
  return failure(condition::bad_argument, "group", name);
}

identity known(const account& found) {
  return {.user = found.user,
          .group = found.group,
          .others = {},
          .name = found.name,
          .home = found.home};
}

result<identity> find_user(const std::string& name) {
  if (const auto found = account_named(name)) {
    auto who = known(*found);
    for (const auto group : groups_of_member(name)) who.others.push_back(group);
    return who;
  }
  const auto number = number_of_id(name);
  if (!number) return failure(condition::bad_argument, "user", name);
  if (const auto found = account_numbered(*number)) return known(*found);
  return identity{.user = *number, .group = *number};
}

void set_or_unset(const char* variable, const std::string& value) {
  if (value.empty()) {
    ::unsetenv(variable);
  } else {
    ::setenv(variable, value.c_str(), 1);
  }
}

}  // namespace

result<std::uint64_t> open_files_limit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return failure(errno, "getrlimit", "open files");
  return limit.rlim_cur;
}

result<std::uint64_t> raise_open_files_limit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return failure(errno, "getrlimit", "open files");
  if (!before_it_was_raised) before_it_was_raised = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return failure(errno, "setrlimit", "open files");
  return limit.rlim_cur;
}

std::optional<std::uint64_t> open_files_limit_at_start() noexcept { return before_it_was_raised; }

result<identity> find_identity(const std::string& name, const std::string& group) {
  auto who = find_user(name);
  if (!who || group.empty()) return who;
  auto found = find_group(group);
  if (!found) return failure_of(found);
  who->group = *found;
  return who;
}

result<void> become(const identity& who) {
  if (::setgroups(who.others.size(), who.others.data()) != 0) return failure(errno, "setgroups");
  if (::setresgid(who.group, who.group, who.group) != 0) return failure(errno, "setresgid");
  if (::setresuid(who.user, who.user, who.user) != 0) return failure(errno, "setresuid");
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  SAMJOKO_CHECK(::getresuid(&real, &effective, &saved) == 0, "getresuid cannot fail");
  SAMJOKO_CHECK(real == who.user && effective == who.user && saved == who.user,
                "still another user");
  SAMJOKO_CHECK(who.user == 0 || ::setresuid(0, 0, 0) != 0, "root could be had back");
  set_or_unset("HOME", who.home);
  set_or_unset("USER", who.name);
  set_or_unset("LOGNAME", who.name);
  return {};
}

}  // namespace samjoko::os

#include <samjoko/os/privilege.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <samjoko/os/process.hpp>

namespace samjoko::os {
namespace {

TEST(privilege, the_soft_limit_rises_to_the_hard_one) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(open_files_limit().value_or(0), 64U);
  EXPECT_EQ(raise_open_files_limit().value_or(0), before.rlim_max);
  EXPECT_EQ(open_files_limit().value_or(0), before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(privilege, users_and_groups_are_found_by_name_and_number) {
  const auto root = find_identity("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->user, 0U);
  EXPECT_EQ(root->group, 0U);
  const auto numbered = find_identity("54321", "54322");
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->user, 54321U);
  EXPECT_EQ(numbered->group, 54322U);
  EXPECT_EQ(find_identity("root", "4").value().group, 4U);
}

TEST(privilege, who_does_not_exist_is_said_by_name) {
  const auto user = find_identity("nobody has this name");
  ASSERT_FALSE(user);
  EXPECT_TRUE(user.error().is(condition::bad_argument));
  EXPECT_EQ(user.error().on(), "nobody has this name");
  const auto group = find_identity("root", "no such group");
  ASSERT_FALSE(group);
  EXPECT_STREQ(group.error().call(), "group");
}

TEST(privilege, the_number_that_would_leave_root_as_it_is_is_nobody) {
  EXPECT_FALSE(find_identity("4294967295"));
  EXPECT_FALSE(find_identity("99999999999"));
  EXPECT_FALSE(find_identity("-1"));
  EXPECT_FALSE(find_identity("54321", "4294967295"));
  EXPECT_FALSE(find_identity("54321", "99999999999"));
  EXPECT_EQ(find_identity("4294967294").value().user, 4294967294U);
}

TEST(privilege, root_is_given_up_for_good) {
  if (::getuid() != 0) {
    EXPECT_FALSE(become({54321, 54321}));
    return;
  }
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    if (!become({54321, 54322})) leave_process(1);
    if (::geteuid() != 54321 || ::getegid() != 54322) leave_process(2);
    leave_process(::getgroups(0, nullptr) == 0 && ::setuid(0) != 0 ? 0 : 3);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace samjoko::os

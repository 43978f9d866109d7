#include <samjoko/operate/runtime_folder.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <samjoko/os/socket.hpp>

namespace samjoko::operate {
namespace {

class runtime_folder : public testing::Test {
 protected:
  runtime_folder() { EXPECT_NE(::mkdtemp(root.data()), nullptr); }
  ~runtime_folder() override {
    ::unsetenv("XDG_RUNTIME_DIR");
    std::filesystem::remove_all(root);
  }
  std::string root = testing::TempDir() + "samjoko-run-XXXXXX";
};

TEST_F(runtime_folder, is_where_the_environment_says_if_that_is_our_own_and_else_somewhere_safe) {
  ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", root.c_str(), 1), 0);
  EXPECT_EQ(runtime_folders("x").front(), root + "/x");
  for (const auto* not_ours : {"relative", "/none/such", ""}) {
    ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", not_ours, 1), 0);
    EXPECT_EQ(runtime_folders("x").front().find("none"), std::string::npos);
    EXPECT_EQ(runtime_folders("x").back(), "/tmp/x-" + std::to_string(::geteuid()));
  }
}

TEST_F(runtime_folder, is_made_private_and_found_again) {
  const auto path = root + "/x";
  ASSERT_TRUE(make_private_folder(path));
  ASSERT_TRUE(make_private_folder(path));
  struct stat about{};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
}

// In /tmp another user may have made the folder first.
TEST_F(runtime_folder, that_others_can_enter_or_that_is_a_link_is_refused) {
  ASSERT_EQ(::mkdir((root + "/open").c_str(), 0755), 0);
  EXPECT_TRUE(make_private_folder(root + "/open").error().is(EPERM));
  ASSERT_TRUE(make_private_folder(root + "/own"));
  ASSERT_EQ(::symlink((root + "/own").c_str(), (root + "/link").c_str()), 0);
  EXPECT_TRUE(make_private_folder(root + "/link").error().is(ENOTDIR));
  EXPECT_TRUE(make_private_folder(root + "/none/own").error().is(ENOENT));
}

TEST_F(runtime_folder, sockets_are_listed_and_nothing_else) {
  const auto one = os::listen_on(*os::address::parse("unix:" + root + "/b.2"));
  const auto other = os::listen_on(*os::address::parse("unix:" + root + "/a.1"));
  ASSERT_TRUE(one && other);
  ASSERT_TRUE(make_private_folder(root + "/folder"));
  EXPECT_EQ(sockets_in(root), (std::vector<std::string>{"a.1", "b.2"}));
  EXPECT_TRUE(sockets_in(root + "/none").empty());
}

TEST(program_file, has_the_name_of_this_test) { EXPECT_EQ(program_file_name(), "operate_test"); }

}  // namespace
}  // namespace samjoko::operate

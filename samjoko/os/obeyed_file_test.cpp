#include <samjoko/os/obeyed_file.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace samjoko::os {
namespace {

constexpr uid_t somebody = 65533;

class obeyed_file_test : public testing::Test {
 protected:
  obeyed_file_test() {
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream(path()) << "x = 1\n";
    EXPECT_EQ(::chmod(path().c_str(), 0644), 0);
  }
  ~obeyed_file_test() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::string path(const std::string& name = "/file") const { return folder + name; }

  std::string folder = testing::TempDir() + "samjoko-obeyed-XXXXXX";
};

TEST_F(obeyed_file_test, of_this_user_alone_is_opened_through_links_too) {
  EXPECT_TRUE(open_obeyed_file(path()));
  std::filesystem::create_symlink("file", path("/one"));
  std::filesystem::create_symlink(path("/one"), path("/two"));
  EXPECT_TRUE(open_obeyed_file(path("/two")));
  std::filesystem::create_directory(path("/below"));
  std::filesystem::create_symlink("../two", path("/below/three"));
  EXPECT_TRUE(open_obeyed_file(path("/below/three")));
  std::filesystem::create_symlink("self", path("/self"));
  EXPECT_TRUE(open_obeyed_file(path("/self")).error().is(ELOOP));
  EXPECT_TRUE(open_obeyed_file(path("/none")).error().is(ENOENT));
}

TEST_F(obeyed_file_test, says_which_folder_on_the_way_is_not_there_or_none) {
  const auto missing = open_obeyed_file(path("/none/below/file"));
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().is(ENOENT));
  EXPECT_TRUE(missing.error().on().ends_with("folder " + path("/none"))) << missing.error().on();
  const auto no_folder = open_obeyed_file(path("/file/below"));
  ASSERT_FALSE(no_folder);
  EXPECT_TRUE(no_folder.error().is(ENOTDIR));
  EXPECT_TRUE(no_folder.error().on().ends_with("folder " + path())) << no_folder.error().on();
}

TEST_F(obeyed_file_test, that_everybody_may_write_is_refused) {
  ASSERT_EQ(::chmod(path().c_str(), 0646), 0);
  const auto opened = open_obeyed_file(path());
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is(EPERM));
  EXPECT_NE(opened.error().on().find("writable by everybody"), std::string::npos);
}

TEST_F(obeyed_file_test, in_a_folder_that_everybody_may_change_is_refused) {
  std::filesystem::create_directory(path("/open"));
  std::ofstream(path("/open/file")) << "x = 1\n";
  ASSERT_EQ(::chmod(path("/open").c_str(), 0777), 0);
  EXPECT_TRUE(open_obeyed_file(path("/open/file")).error().is(EPERM));
  std::filesystem::create_symlink(path("/open/file"), path("/link"));
  EXPECT_TRUE(open_obeyed_file(path("/link")).error().is(EPERM)) << "also behind a link";
  ASSERT_EQ(::chmod(path("/open").c_str(), 01777), 0);
  EXPECT_TRUE(open_obeyed_file(path("/open/file"))) << "ours, where nobody else may replace it";
}

TEST_F(obeyed_file_test, of_others_is_refused_to_root) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const auto is_refused = [this] {
    const auto opened = open_obeyed_file(path());
    return !opened && opened.error().is(EPERM);
  };
  ASSERT_EQ(::chown(path().c_str(), somebody, 0), 0);
  EXPECT_TRUE(is_refused());
  ASSERT_EQ(::chown(path().c_str(), 0, somebody), 0);
  EXPECT_FALSE(is_refused());
  ASSERT_EQ(::chmod(path().c_str(), 0664), 0);
  EXPECT_TRUE(is_refused()) << "writable by a group that is not root's";
  ASSERT_EQ(::chown(path().c_str(), 0, 0), 0);
  EXPECT_FALSE(is_refused());
  ASSERT_EQ(::chown(folder.c_str(), somebody, 0), 0);
  EXPECT_TRUE(is_refused()) << "whose folder it is may replace it";
  ASSERT_EQ(::chown(folder.c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(folder.c_str(), 01777), 0);
  EXPECT_FALSE(is_refused());
  ASSERT_EQ(::chown(path().c_str(), somebody, 0), 0);
  EXPECT_TRUE(is_refused());
}

}  // namespace
}  // namespace samjoko::os

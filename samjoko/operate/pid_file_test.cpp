#include <samjoko/operate/pid_file.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace samjoko::operate {
namespace {

class pid_file_test : public testing::Test {
 protected:
  pid_file_test() {
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    path = folder + "/pid";
  }
  ~pid_file_test() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::string content() const {
    std::ifstream file(path);
    std::string line;
    return std::getline(file, line) ? line : "none";
  }
  void write(const std::string& text) const { std::ofstream(path) << text; }
  [[nodiscard]] auto files() const {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }

  std::string folder = testing::TempDir() + "samjoko-pid-XXXXXX";
  std::string path;
};

TEST_F(pid_file_test, appears_when_it_is_published_and_goes_at_the_end) {
  {
    auto subject = pid_file::claim(path);
    ASSERT_TRUE(subject);
    EXPECT_EQ(content(), "none");
    ASSERT_TRUE(subject->publish());
    EXPECT_EQ(content(), std::to_string(::getpid()));
    EXPECT_EQ(files(), 1);
  }
  EXPECT_EQ(files(), 0);
}

TEST_F(pid_file_test, leaves_nothing_when_it_was_never_published) {
  EXPECT_TRUE(pid_file::claim(path));
  EXPECT_EQ(files(), 0);
}

TEST_F(pid_file_test, of_a_process_that_lives_is_not_taken) {
  write(std::to_string(::getppid()) + "\n");
  const auto subject = pid_file::claim(path);
  ASSERT_FALSE(subject);
  EXPECT_TRUE(subject.error().is(EEXIST));
  EXPECT_NE(subject.error().sentence().find(std::to_string(::getppid())), std::string::npos);
  EXPECT_EQ(content(), std::to_string(::getppid()));
}

// After a restart of the machine another process has the number. Servers that look at the number
// alone then refuse to start until a person removes the file.
TEST_F(pid_file_test, older_than_the_process_that_it_names_is_stale) {
  write(std::to_string(::getppid()) + "\n");
  timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
  auto subject = pid_file::claim(path);
  ASSERT_TRUE(subject);
  ASSERT_TRUE(subject->publish());
  EXPECT_EQ(content(), std::to_string(::getpid()));
}

TEST_F(pid_file_test, of_nobody_or_with_rubbish_is_replaced) {
  for (const auto* text : {"4194305\n", "", "rubbish", "-1", "99999999999999", "1 2"}) {
    write(text);
    auto subject = pid_file::claim(path);
    ASSERT_TRUE(subject) << text;
    ASSERT_TRUE(subject->publish());
    EXPECT_EQ(content(), std::to_string(::getpid())) << text;
  }
}

TEST_F(pid_file_test, that_somebody_else_wrote_over_is_left_to_him) {
  {
    auto subject = pid_file::claim(path);
    ASSERT_TRUE(subject);
    ASSERT_TRUE(subject->publish());
    write("1\n");
  }
  EXPECT_EQ(content(), "1");
}

TEST_F(pid_file_test, that_a_successor_put_there_is_left_to_it) {
  auto subject = pid_file::claim(path);
  ASSERT_TRUE(subject);
  ASSERT_TRUE(subject->publish());
  const auto same_text = content();
  std::filesystem::remove(path);
  write(same_text + "\n");  // e.g. this number in another namespace
  {
    const auto gone = std::move(*subject);
  }
  EXPECT_EQ(content(), same_text);
}

TEST_F(pid_file_test, of_two_that_start_together_one_has_it) {
  auto first = pid_file::claim(path);
  ASSERT_TRUE(first);
  const auto second = pid_file::claim(path);
  ASSERT_FALSE(second) << "both may go on";
  EXPECT_TRUE(second.error().is(EEXIST));
  EXPECT_NE(second.error().sentence().find("is being started"), std::string::npos);
  ASSERT_TRUE(first->publish());
  EXPECT_EQ(files(), 1);
}

TEST_F(pid_file_test, that_a_killed_start_left_unpublished_hinders_nobody) {
  std::ofstream(path + ".new") << "4194305\n and what else was there\n";
  auto subject = pid_file::claim(path);
  ASSERT_TRUE(subject);
  ASSERT_TRUE(subject->publish());
  EXPECT_EQ(content(), std::to_string(::getpid()));
  EXPECT_EQ(files(), 1);
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0644u);
}

// A rename over a device takes it away from the whole machine.
TEST_F(pid_file_test, is_never_put_in_place_of_what_is_no_file) {
  for (const std::string name : {"", ".new"}) {
    ASSERT_EQ(::mkfifo((path + name).c_str(), 0600), 0);
    const auto subject = pid_file::claim(path);
    ASSERT_FALSE(subject) << name;
    EXPECT_TRUE(subject.error().is(EPERM));
    EXPECT_NE(subject.error().on().find("is not a regular file"), std::string::npos);
    EXPECT_EQ(files(), 1);
    std::filesystem::remove(path + name);
  }
  auto subject = pid_file::claim(path);
  ASSERT_TRUE(subject);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(subject->publish());
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST_F(pid_file_test, follows_no_link) {
  for (const std::string name : {"", ".new"}) {
    std::ofstream(folder + "/victim") << "mine\n";
    std::filesystem::create_symlink("victim", path + name);
    EXPECT_FALSE(pid_file::claim(path)) << name;
    std::string line;
    std::ifstream victim(folder + "/victim");
    EXPECT_TRUE(std::getline(victim, line) && line == "mine");
    EXPECT_TRUE(std::filesystem::is_symlink(path + name));
    std::filesystem::remove(path + name);
  }
}

TEST_F(pid_file_test, in_a_folder_that_others_may_change_is_refused) {
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  const auto subject = pid_file::claim(path);
  ASSERT_FALSE(subject);
  EXPECT_NE(subject.error().on().find("writable by everybody"), std::string::npos);
  ASSERT_EQ(::chmod(folder.c_str(), 01777), 0);
  EXPECT_TRUE(pid_file::claim(path));
}

TEST_F(pid_file_test, in_a_folder_that_is_not_there_is_told_at_once) {
  const auto subject = pid_file::claim(folder + "/none/pid");
  ASSERT_FALSE(subject);
  EXPECT_TRUE(subject.error().is(ENOENT));
}

}  // namespace
}  // namespace samjoko::operate

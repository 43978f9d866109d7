#include <samjoko/os/process_title.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

#include <samjoko/os/process.hpp>

namespace samjoko::os {
namespace {

std::string content_of(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// In a child, whose arguments are its own copy.
template <class What>
void in_a_child(What&& what) {
  const auto child = fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) {
    what();
    leave_process(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(status, 0);
}

TEST(process_title, is_shown_by_proc_and_touches_nothing_behind_it) {
  in_a_child([] {
    const auto arguments = content_of("/proc/self/cmdline").size();
    const auto environment = content_of("/proc/self/environ");
    give_arguments_away("samjoko");
    set_title("worker 2 (multiplex)", "samjoko worker");
    const auto shown = content_of("/proc/self/cmdline");
    const std::string wanted = "samjoko: worker 2 (multiplex)";
    EXPECT_EQ(shown.substr(0, std::min(wanted.size(), arguments - 1)),
              wanted.substr(0, arguments - 1));
    EXPECT_EQ(shown.find_first_not_of('\0', wanted.size()), std::string::npos);
    EXPECT_EQ(content_of("/proc/self/comm"), "samjoko worker\n");
    EXPECT_EQ(content_of("/proc/self/environ"), environment);
    EXPECT_STREQ(program_invocation_short_name, "samjoko");
  });
}

TEST(process_title, of_any_length_stays_within_the_arguments) {
  in_a_child([] {
    const auto arguments = content_of("/proc/self/cmdline").size();
    const auto environment = content_of("/proc/self/environ");
    give_arguments_away("samjoko");
    set_title(std::string(100'000, 'x'), std::string(100, 'y'));
    const auto shown = content_of("/proc/self/cmdline");
    EXPECT_EQ(shown.size(), arguments);
    EXPECT_EQ(shown.back(), '\0');
    EXPECT_EQ(content_of("/proc/self/environ"), environment);
    EXPECT_EQ(content_of("/proc/self/comm"), std::string(15, 'y') + "\n");
    set_title("short", "");
    EXPECT_EQ(content_of("/proc/self/cmdline").substr(0, 15), std::string("samjoko: short\0", 15));
  });
}

TEST(process_title, of_a_program_that_kept_its_arguments_changes_nothing) {
  in_a_child([] {
    const auto before = content_of("/proc/self/cmdline") + content_of("/proc/self/comm");
    set_title("worker 2", "worker");
    EXPECT_EQ(content_of("/proc/self/cmdline") + content_of("/proc/self/comm"), before);
  });
}

}  // namespace
}  // namespace samjoko::os

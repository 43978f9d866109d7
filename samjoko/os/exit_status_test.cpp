#include <samjoko/os/exit_status.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

namespace samjoko::os {
namespace {

// Statuses made by hand, so that each of the 16 bits is under test and no core file is needed.
constexpr int exit_word(int code) { return code << 8; }
constexpr int kill_word(int signal, bool core) { return signal | (core ? 0x80 : 0); }
constexpr int stop_word(int signal) { return signal << 8 | 0x7f; }
constexpr int continue_word = 0xffff;

TEST(exit_status, every_code_is_read_from_the_high_byte) {
  for (int code = 0; code < 256; ++code) {
    const auto status = exit_status::from_wait(exit_word(code));
    ASSERT_EQ(status.how(), ending::exited);
    ASSERT_EQ(status.code(), code);
    ASSERT_FALSE(status.core_dumped());
    ASSERT_EQ(status.is_success(), code == 0);
    ASSERT_EQ(status, exit_status::exited(code));
  }
}

TEST(exit_status, every_signal_is_read_with_and_without_a_core) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    for (const bool core : {false, true}) {
      const auto status = exit_status::from_wait(kill_word(signal, core));
      ASSERT_EQ(status.how(), ending::killed) << signal;
      ASSERT_EQ(status.signal(), signal);
      ASSERT_EQ(status.core_dumped(), core);
      ASSERT_TRUE(status.is_end());
    }
  }
}

TEST(exit_status, stopped_and_continued_are_not_ends) {
  const auto stopped = exit_status::from_wait(stop_word(SIGSTOP));
  EXPECT_EQ(stopped.how(), ending::stopped);
  EXPECT_EQ(stopped.signal(), SIGSTOP);
  EXPECT_FALSE(stopped.is_end());
  EXPECT_EQ(exit_status::from_wait(continue_word).how(), ending::continued);
  EXPECT_FALSE(exit_status::from_wait(continue_word).is_end());
}

TEST(exit_status, says_it_in_one_sentence) {
  EXPECT_EQ(exit_status::from_wait(exit_word(3)).sentence(), "exited with code 3");
  EXPECT_EQ(exit_status::from_wait(kill_word(SIGSEGV, true)).sentence(),
            "was killed by signal 11 (SIGSEGV, invalid memory reference), core dumped");
  EXPECT_EQ(exit_status::from_wait(kill_word(SIGKILL, false)).sentence(),
            "was killed by signal 9 (SIGKILL, killed, cannot be refused)");
  EXPECT_EQ(exit_status::from_wait(stop_word(SIGSTOP)).sentence(),
            "was stopped by signal 19 (SIGSTOP, stopped, cannot be refused)");
  EXPECT_EQ(exit_status::from_wait(continue_word).sentence(), "was continued");
}

TEST(exit_status, names_every_signal_there_is) {
  for (int signal = 1; signal <= SIGSYS; ++signal) {
    EXPECT_NE(signal_name(signal), "SIG" + std::to_string(signal)) << signal;
    EXPECT_FALSE(signal_meaning(signal).empty()) << signal;
  }
  EXPECT_EQ(signal_name(SIGRTMIN), "SIGRTMIN");
  EXPECT_EQ(signal_name(SIGRTMIN + 3), "SIGRTMIN+3");
  EXPECT_EQ(signal_name(99), "SIG99");
  EXPECT_EQ(exit_status::killed(99).sentence(), "was killed by signal 99 (SIG99)");
}

TEST(exit_status, agrees_with_the_kernel_on_the_word_of_exit_256) {
  EXPECT_TRUE(exit_status::exited(256).is_success());
}

TEST(exit_status_death, asking_for_what_is_not_there_is_our_bug) {
  EXPECT_DEATH((void)exit_status::killed(SIGTERM).code(), "only a process that exited");
  EXPECT_DEATH((void)exit_status::exited(1).signal(), "no signal ended");
}

}  // namespace
}  // namespace samjoko::os

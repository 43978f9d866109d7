#include <samjoko/postmortem/crash_handler.hpp>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <samjoko/base/check.hpp>
#include <samjoko/os/exit_status.hpp>
#include <samjoko/postmortem/testing/crash_bed.hpp>

namespace samjoko::postmortem {
namespace {

/// The signals that have their default disposition in a program that was just started, and end it.
std::vector<int> signals_that_end() {
  std::vector<int> all = {SIGHUP,  SIGINT,  SIGQUIT,   SIGILL,  SIGTRAP, SIGABRT,  SIGBUS,  SIGFPE,
                          SIGUSR1, SIGSEGV, SIGUSR2,   SIGPIPE, SIGALRM, SIGTERM,  SIGXCPU, SIGXFSZ,
                          SIGPROF, SIGIO,   SIGVTALRM, SIGPWR,  SIGSYS,  SIGSTKFLT};
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
    if (signal != capture_signal()) all.push_back(signal);
  }
  return all;
}

/// A victim would inherit the signals that gtest's own process ignores or blocks.
class clean_signals {
 public:
  clean_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, &before_);
  }
  ~clean_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  clean_signals(const clean_signals&) = delete;
  clean_signals& operator=(const clean_signals&) = delete;

 private:
  sigset_t before_{};
};

TEST(crash_handler, every_signal_that_ends_a_process_leaves_a_capture) {
  const clean_signals clean;
  for (const int signal : signals_that_end()) {
    victim dead(quickest_build(), std::to_string(signal));
    const int status = dead.wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << os::signal_name(signal);
    EXPECT_EQ(WTERMSIG(status), signal);
    const auto* const found = dead.last();
    ASSERT_NE(found, nullptr) << os::signal_name(signal);
    EXPECT_EQ(found->signal, signal);
    EXPECT_EQ(found->pid, dead.pid());
    EXPECT_EQ(found->tid, dead.pid());
    EXPECT_EQ(found->sender_pid, dead.pid());  // raise
    EXPECT_EQ(found->fault_address, 0U);
    if (signal > SIGRTMIN) continue;  // the stacks of the others are no different
    EXPECT_GE(depth_of(unwind(*found), "victims::die"), 0) << text_of(unwind(*found));
  }
}

TEST(crash_handler, tells_who_killed) {
  victim dead("pie", "waiting");
  dead.wait_ready();
  ::kill(dead.pid(), SIGSEGV);
  EXPECT_EQ(WTERMSIG(dead.wait()), SIGSEGV);
  const auto* const found = dead.last();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->has_sender, 1U);
  EXPECT_EQ(found->sender_pid, ::getpid());
  EXPECT_EQ(found->sender_user, ::getuid());
  EXPECT_EQ(found->fault_address, 0U);
  EXPECT_GE(depth_of(unwind(*found), "guilty_of_waiting"), 0) << text_of(unwind(*found));
}

TEST(crash_handler, a_fault_has_its_address_and_no_sender) {
  victim dead("pie", "null_write");
  dead.wait();
  const auto* const found = dead.last();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->fault_address, 0x1238U);
  EXPECT_EQ(found->code, SEGV_MAPERR);
  EXPECT_EQ(found->has_sender, 0U);
  EXPECT_EQ(found->sender_pid, 0);
  EXPECT_STREQ(found->thread_name.data(), "victim_pie");
}

TEST(crash_handler, a_forked_child_leaves_its_own) {
  victim parent("pie", "in_a_forked_child");
  const int status = parent.wait();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), SIGSEGV);
  const auto& only = parent.slots().front();
  EXPECT_EQ(state_of(parent.slots().front()), capture_state::complete);
  EXPECT_NE(only.pid, parent.pid());
  EXPECT_EQ(owner_of(parent.slots().front()), only.pid);
  EXPECT_GE(depth_of(unwind(only), "guilty_of_null_write"), 0);
}

TEST(crash_handler, of_two_threads_that_crash_at_once_one_is_captured_and_none_hangs) {
  for (int i = 0; i < 20; ++i) {
    victim dead(quickest_build(), "two_at_once");
    const int status = dead.wait();
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto* const found = dead.last();
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->signal, WTERMSIG(status));
    const auto guilty = found->signal == SIGSEGV ? "guilty_of_null_write" : "guilty_of_abort";
    EXPECT_GE(depth_of(unwind(*found), guilty), 0) << text_of(unwind(*found));
    EXPECT_EQ(release_captures(dead.slots(), dead.pid()), 0U);
    EXPECT_EQ(state_of(dead.slots()[1]), capture_state::free);
  }
}

// The handler's own first access to a slot is a fault then.
TEST(crash_handler, when_it_crashes_itself_the_process_dies_of_what_it_was_called_for) {
  for (const auto& [way, signal] : {std::pair{"abort", SIGABRT}, std::pair{"null_write", SIGSEGV},
                                    std::pair{"division", SIGFPE}, std::pair{"10", SIGUSR1}}) {
    victim dead("pie", way, "blind");
    const int status = dead.wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << way;
    EXPECT_EQ(WTERMSIG(status), signal) << way;
  }
}

TEST(crash_handler, a_lost_stack_is_a_death_like_any_other) {
  victim dead("pie", "stack_lost");
  EXPECT_EQ(WTERMSIG(dead.wait()), SIGSEGV);
  const auto* const found = dead.last();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->stack_size, 0U);
  const auto calls = unwind(*found);
  EXPECT_EQ(depth_of(calls, "guilty_of_losing_its_stack"), 0) << text_of(calls);
  EXPECT_FALSE(calls.remark.empty());
}

// A container of an older engine forbids process_vm_readv.
TEST(crash_handler, copies_the_stack_though_one_way_to_do_it_is_forbidden) {
  victim dead("pie", "without_peeking");
  EXPECT_EQ(WTERMSIG(dead.wait()), SIGSEGV);
  const auto* const found = dead.last();
  ASSERT_NE(found, nullptr);
  EXPECT_GT(depth_of(unwind(*found), "main"), 0) << text_of(unwind(*found));
}

TEST(crash_handler, without_a_free_slot_it_dies_all_the_same) {
  victim dead("pie", "waiting");
  dead.wait_ready();
  for (auto& slot : dead.slots()) claim_of(slot).store(std::uint64_t{1} << 32 | 1);
  ::kill(dead.pid(), SIGABRT);
  EXPECT_EQ(WTERMSIG(dead.wait()), SIGABRT);
  EXPECT_EQ(dead.last(), nullptr);
}

/// A folder for core files, with room for them, while it lives.
class core_folder {
 public:
  core_folder() : before_(std::filesystem::current_path()) {
    ::getrlimit(RLIMIT_CORE, &limit_);
    auto raised = limit_;
    raised.rlim_cur = raised.rlim_max;
    ::setrlimit(RLIMIT_CORE, &raised);
    std::string name = std::filesystem::temp_directory_path() / "samjoko-core-XXXXXX";
    path_ = ::mkdtemp(name.data());
    std::filesystem::current_path(path_);
  }
  ~core_folder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(path_);
    ::setrlimit(RLIMIT_CORE, &limit_);
  }
  core_folder(const core_folder&) = delete;
  core_folder& operator=(const core_folder&) = delete;

 private:
  std::filesystem::path before_, path_;
  struct rlimit limit_{};
};

TEST(crash_handler, the_status_is_what_it_would_be_without_one) {
  if (address_sanitizer) GTEST_SKIP() << "without ours, the sanitizer's own handler exits";
  const clean_signals clean;
  for (const bool with_core : {false, true}) {
    std::optional<core_folder> room;
    if (with_core) room.emplace();
    for (const char* way : {"null_write", "abort", "division", "bus", "illegal", "breakpoint",
                            "forbidden_call", "exception", "stack_lost", "overflow", "15", "34"}) {
      const int bare = victim(quickest_build(), way, "bare").wait();
      std::filesystem::remove("core");
      const int handled = victim(quickest_build(), way).wait();
      std::filesystem::remove("core");
      EXPECT_EQ(handled, bare) << way << (with_core ? " with core" : "");
    }
  }
}

}  // namespace
}  // namespace samjoko::postmortem

// A capture of a thread that lives, and goes on living.
#include <dirent.h>
#include <cerrno>
#include <samjoko/postmortem/crash_handler.hpp>
#include <samjoko/postmortem/testing/crash_bed.hpp>

namespace samjoko::postmortem {
namespace {

/// Waits long enough for a busy machine; a thread that is alive answers in microseconds.
capture_slot* answer_of(victim& asked, pid_t tid, std::uint32_t ticket) {
  EXPECT_TRUE(request_capture(asked.pid(), tid, ticket));
  for (int i = 0; i < 10'000; ++i) {
    if (auto* const found = find_answer(asked.slots(), asked.pid(), ticket)) return found;
    ::poll(nullptr, 0, 1);
  }
  return nullptr;
}

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  const auto path = "/proc/" + std::to_string(pid) + "/task";
  auto* const folder = ::opendir(path.c_str());
  while (const auto* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') threads.push_back(std::stoi(entry->d_name));
  }
  ::closedir(folder);
  return threads;
}

TEST(asked_capture, shows_where_a_busy_thread_is_and_lets_it_go_on) {
  victim alive("pie", "spinning");
  alive.wait_ready();
  for (const std::uint32_t ticket : {7U, 8U, 9U}) {
    auto* const found = answer_of(alive, alive.pid(), ticket);
    ASSERT_NE(found, nullptr) << ticket;
    EXPECT_EQ(found->reason, capture_reason::asked);
    EXPECT_EQ(found->tid, alive.pid());
    const auto calls = unwind(*found);
    const int depth = depth_of(calls, "guilty_of_spinning");
    EXPECT_TRUE(depth == 0 || (depth > 0 && ticket == 7)) << text_of(calls);  // still saying so
    release(*found);
  }
  EXPECT_EQ(find_capture(alive.slots(), alive.pid(), capture_reason::fatal_signal), nullptr);
}

TEST(asked_capture, goes_through_the_code_that_the_kernel_lends) {
  victim alive(quickest_build(), "asking_the_time");
  alive.wait_ready();
  backtrace calls;
  for (std::uint32_t ticket = 1; ticket < 1000; ++ticket) {
    auto* const found = answer_of(alive, alive.pid(), ticket);
    ASSERT_NE(found, nullptr);
    calls = unwind(*found);
    release(*found);
    if (calls.frames.at(0).module == "[vdso]") break;
  }
  EXPECT_EQ(calls.frames.at(0).module, "[vdso]");
  EXPECT_GT(depth_of(calls, "guilty_of_asking_the_time"), 0) << text_of(calls);
  EXPECT_EQ(calls.frames.back().function, "_start") << text_of(calls);
}

// The process leaves with 0 after it got the mutex: the capture did not disturb the wait.
TEST(asked_capture, shows_who_waits_for_a_mutex_and_does_not_end_the_wait) {
  victim alive("pie", "mutex");
  alive.wait_ready();
  pid_t waiting = 0;
  while (waiting == 0) {
    for (const pid_t each : threads_of(alive.pid())) {
      if (each != alive.pid()) waiting = each;
    }
  }
  int depth = -1;
  std::string seen;
  for (std::uint32_t ticket = 1; ticket < 1000 && depth < 0; ++ticket) {
    auto* const found = answer_of(alive, waiting, ticket);
    ASSERT_NE(found, nullptr);
    const auto calls = unwind(*found);
    depth = depth_of(calls, "guilty_of_locking");  // at first it may not have come so far
    seen = text_of(calls);
    release(*found);
  }
  EXPECT_GE(depth, 0) << seen;
  alive.tell_to_go_on();
  EXPECT_EQ(alive.wait(), 0);
}

TEST(asked_capture, is_only_for_who_asks_in_our_way) {
  victim alive("pie", "spinning");
  alive.wait_ready();
  ::kill(alive.pid(), capture_signal());
  ASSERT_NE(answer_of(alive, alive.pid(), 5), nullptr);
  EXPECT_EQ(state_of(alive.slots()[1]), capture_state::free);
}

TEST(asked_capture, of_nobody_is_an_error) {
  const auto asked = request_capture(::getpid(), 1 << 30, 1);
  ASSERT_FALSE(asked);
  EXPECT_TRUE(asked.error().is(ESRCH));
}

}  // namespace
}  // namespace samjoko::postmortem

#include <samjoko/os/descendants.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process_facts.hpp>
#include <samjoko/os/program.hpp>
#include <samjoko/os/subreaper.hpp>

namespace samjoko::os {
namespace {

deadline patience() { return deadline::after(std::chrono::seconds(20)); }

/// A shell that writes a line when its children run, and ends when it reads one. Processes that it
/// leaves behind become children of the test.
class family {
 public:
  explicit family(const char* script) {
    program what{.words = {"sh", "-c", script}};
    what.input = what.output = pipe_stream;
    auto started = start_program(what);
    EXPECT_TRUE(started) << started.error().sentence();
    if (started) shell_ = std::move(*started);
    std::array<char, 16> line{};
    EXPECT_TRUE(wait_readable(shell_.output.get(), patience()));
    EXPECT_GT(::read(shell_.output.get(), line.data(), line.size()), 0);
  }
  ~family() {
    shell_.input.reset();
    EXPECT_TRUE(wait_readable(shell_.process.get(), patience()));
    EXPECT_TRUE(reap(shell_.process));
    for (const pid_t left : children_of_this_thread()) {
      const auto handle = open_pidfd(left);
      if (!handle) continue;
      EXPECT_TRUE(wait_readable(handle->get(), patience())) << left;
      EXPECT_TRUE(reap(*handle));
    }
  }
  family(const family&) = delete;
  family& operator=(const family&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return shell_.pid; }

 private:
  subreaper ours_;
  started_program shell_;
};

// `:` behind it keeps a shell from becoming its last command. What a shell starts by `&` reads from
// /dev/null, so it is given the shell's input by another number.
constexpr auto three_generations = R"(sh -c 'sh -c "echo; read line"; :'; :)";
constexpr std::array terminate{SIGTERM};

pid_t parent_of(pid_t process) { return facts_of_process(process).value().parent; }

TEST(descendants, are_all_generations_parents_first) {
  const family seen(three_generations);
  const auto found = descendants_of(seen.pid());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(parent_of(found[0]), seen.pid());
  EXPECT_EQ(parent_of(found[1]), found[0]);
}

TEST(descendants, one_in_a_session_of_its_own_is_one_too) {
  const family seen("exec 3<&0; setsid sh -c 'echo; read line <&3' & read line; :");
  const auto found = descendants_of(seen.pid());
  EXPECT_EQ(found.size(), 1U);
}

TEST(descendants, of_a_process_that_has_none_or_is_not_there_are_none) {
  const family seen("echo; read line");
  EXPECT_TRUE(descendants_of(seen.pid()).empty());
  EXPECT_TRUE(descendants_of(999'999'999).empty());
}

// The parents end at the first signal, so that their children have another parent at once.
TEST(descendants, each_is_told_though_its_parent_ends_first) {
  const family seen(three_generations);
  auto expected = descendants_of(seen.pid());
  auto told = signal_descendants(seen.pid(), terminate, 0);
  std::ranges::sort(expected);
  std::ranges::sort(told);
  EXPECT_EQ(told, expected);
}

TEST(descendants, a_group_can_be_spared) {
  const family seen("exec 3<&0; setsid sh -c 'echo; read line <&3' & sh -c 'read line'; :");
  auto both = descendants_of(seen.pid());
  for (const auto end = patience(); both.size() < 2 && !end.passed(steady::now());)
    both = descendants_of(seen.pid());
  ASSERT_EQ(both.size(), 2U);
  const auto spared = ::getpgid(seen.pid());
  const auto told = signal_descendants(seen.pid(), terminate, spared);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(std::ranges::count(both, spared, ::getpgid), 1);
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/os/shared_memory.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>

#include <samjoko/os/process.hpp>

namespace samjoko::os {
namespace {

TEST(shared_cells, what_a_child_wrote_outlives_it) {
  auto cells = shared_cells<std::atomic<std::uint64_t>>::make(3);
  ASSERT_TRUE(cells);
  ASSERT_EQ(cells->size(), 3U);
  for (auto& cell : cells->cells()) EXPECT_EQ(cell.load(), 0U);
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    cells->cells()[1].fetch_add(7);
    ::abort();
  }
  ASSERT_EQ(::waitpid(made->pid, nullptr, 0), made->pid);
  EXPECT_EQ(cells->cells()[1].load(), 7U);
}

TEST(shared_cells, have_one_owner) {
  auto first = shared_cells<int>::make(1);
  ASSERT_TRUE(first);
  first->cells()[0] = 5;
  shared_cells<int> second = std::move(*first);
  EXPECT_EQ(first->size(), 0U);
  EXPECT_EQ(second.cells()[0], 5);
  second = shared_cells<int>();
  EXPECT_EQ(second.size(), 0U);
}

TEST(shared_cells, none_is_allowed_and_too_many_is_an_error) {
  EXPECT_TRUE(shared_cells<int>::make(0));
  using page = std::array<char, 4096>;
  EXPECT_FALSE(shared_cells<page>::make(std::size_t{1} << 50));
}

}  // namespace
}  // namespace samjoko::os

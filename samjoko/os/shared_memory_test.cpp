#include <samjoko/os/shared_memory.hpp>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>

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

/// Pages of its memory that a process has used (man 5 proc, statm: shared).
long shared_pages() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0, shared = 0;
  file >> all >> resident >> shared;
  return shared;
}

TEST(shared_cells, cost_no_memory_before_they_are_used) {
  const auto before = shared_pages();
  const auto cells = shared_cells<std::uint64_t>::make(8u << 20);
  ASSERT_TRUE(cells);
  EXPECT_LT(shared_pages() - before, 1000) << "64 MiB are 16384 pages";
  EXPECT_EQ(cells->cells()[1u << 20], 0U);
}

TEST(shared_cells, can_be_kept_from_children) {
  const auto cells = shared_cells<int>::make(1);
  ASSERT_TRUE(cells);
  cells->keep_from_children();
  const auto made = fork_process();
  ASSERT_TRUE(made);
  if (made->in_child()) {
    // mincore(2) tells of memory that is not mapped without touching it.
    unsigned char resident = 0;
    const bool gone = ::mincore(cells->cells().data(), 1, &resident) != 0 && errno == ENOMEM;
    leave_process(gone ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(made->pid, &status, 0), made->pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(cells->cells()[0], 0);
}

TEST(shared_cells, none_is_allowed_and_too_many_is_an_error) {
  EXPECT_TRUE(shared_cells<int>::make(0));
  using page = std::array<char, 4096>;
  EXPECT_FALSE(shared_cells<page>::make(std::size_t{1} << 50));
}

}  // namespace
}  // namespace samjoko::os

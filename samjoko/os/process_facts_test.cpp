#include <samjoko/os/process_facts.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

namespace samjoko::os {
namespace {

TEST(process_facts, of_this_process) {
  const auto facts = facts_of_process(::getpid());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->state, 'R');
  EXPECT_EQ(facts->parent, ::getppid());
}

// A name may contain what looks like the fields behind it.
TEST(process_facts, of_one_with_a_deceiving_name) {
  const auto facts = process_facts_in("42 (a) R 1 (b) T 17 42 42 0 -1\n");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_stopped());
  EXPECT_EQ(facts->parent, 17);
}

TEST(process_facts, nothing_of_nonsense_or_nobody) {
  EXPECT_FALSE(process_facts_in(""));
  EXPECT_FALSE(process_facts_in("42 (a"));
  EXPECT_FALSE(process_facts_in("42 (a) R x"));
  EXPECT_FALSE(facts_of_process(-1));
}

}  // namespace
}  // namespace samjoko::os

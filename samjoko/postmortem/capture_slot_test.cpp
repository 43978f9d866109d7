#include <samjoko/postmortem/capture_slot.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include <samjoko/os/shared_memory.hpp>

namespace samjoko::postmortem {
namespace {

TEST(capture_slot, is_claimed_completed_found_and_released) {
  auto memory = os::shared_cells<capture_slot>::make(2);
  ASSERT_TRUE(memory);
  const auto slots = memory->cells();
  EXPECT_EQ(state_of(slots[0]), capture_state::free);
  auto* const mine = claim_slot(slots, 77);
  ASSERT_EQ(mine, slots.data());
  EXPECT_EQ(state_of(*mine), capture_state::writing);
  EXPECT_EQ(owner_of(*mine), 77);
  mine->reason = capture_reason::fatal_signal;
  EXPECT_EQ(find_capture(slots, 77, capture_reason::fatal_signal), nullptr);
  complete(*mine);
  EXPECT_EQ(owner_of(*mine), 77);
  EXPECT_EQ(find_capture(slots, 77, capture_reason::fatal_signal), mine);
  EXPECT_EQ(find_capture(slots, 77, capture_reason::asked), nullptr);
  EXPECT_EQ(find_capture(slots, 78, capture_reason::fatal_signal), nullptr);
  release(*mine);
  EXPECT_EQ(state_of(*mine), capture_state::free);
}

TEST(capture_slot, what_a_dead_process_holds_is_freed_by_its_number) {
  auto memory = os::shared_cells<capture_slot>::make(3);
  ASSERT_TRUE(memory);
  const auto slots = memory->cells();
  complete(*claim_slot(slots, 5));
  ASSERT_NE(claim_slot(slots, 5), nullptr);  // it was killed while it wrote
  ASSERT_NE(claim_slot(slots, 6), nullptr);
  EXPECT_EQ(claim_slot(slots, 7), nullptr);
  EXPECT_EQ(release_captures(slots, 5), 1U);
  EXPECT_EQ(claim_slot(slots, 7), slots.data());
  EXPECT_EQ(owner_of(slots[2]), 6);
}

TEST(capture_slot, answers_are_told_apart_by_their_tickets) {
  auto memory = os::shared_cells<capture_slot>::make(3);
  ASSERT_TRUE(memory);
  const auto slots = memory->cells();
  for (std::uint32_t ticket = 1; ticket <= 3; ++ticket) {
    auto* const slot = claim_slot(slots, 9);
    slot->reason = capture_reason::asked;
    slot->ticket = ticket;
    slot->when = 100 - ticket;
    complete(*slot);
  }
  EXPECT_EQ(find_answer(slots, 9, 2), &slots[1]);
  EXPECT_EQ(find_answer(slots, 9, 4), nullptr);
  EXPECT_EQ(find_capture(slots, 9, capture_reason::asked), &slots[2]);  // the oldest
}

TEST(capture_slot, no_two_get_the_same) {
  constexpr std::size_t count = 64;
  auto memory = os::shared_cells<capture_slot>::make(count);
  ASSERT_TRUE(memory);
  const auto slots = memory->cells();
  std::array<std::vector<capture_slot*>, 4> got;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : got) {
      threads.emplace_back([&mine, slots] {
        while (auto* const slot = claim_slot(slots, 1)) mine.push_back(slot);
      });
    }
  }
  std::set<capture_slot*> all;
  for (const auto& mine : got) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), count);
  EXPECT_EQ(got[0].size() + got[1].size() + got[2].size() + got[3].size(), count);
}

// Sizes come from a process that may have scribbled over its slot.
TEST(capture_slot, a_wild_size_is_cut_to_the_room) {
  auto memory = os::shared_cells<capture_slot>::make(1);
  ASSERT_TRUE(memory);
  auto& slot = memory->cells()[0];
  slot.stack_size = slot.maps_size = slot.message_size = ~0U;
  EXPECT_EQ(stack_of(slot).size(), capture_slot::stack_room);
  EXPECT_EQ(maps_of(slot).size(), capture_slot::maps_room);
  EXPECT_EQ(message_of(slot).size(), capture_slot::message_room);
}

}  // namespace
}  // namespace samjoko::postmortem

#include <samjoko/supervise/plan_table.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

namespace samjoko::supervise {
namespace {

constexpr int states = 10;
constexpr int events = 18;

slot_state state_at(int number) { return static_cast<slot_state>(number); }
slot_event event_at(int number) { return static_cast<slot_event>(number); }

TEST(plan_table, no_pair_is_listed_twice) {
  std::set<std::pair<slot_state, slot_event>> seen;
  for (const auto& row : transitions()) {
    EXPECT_TRUE(seen.emplace(row.from, row.on).second)
        << name_of(row.from) << " on " << name_of(row.on);
  }
}

TEST(plan_table, lookup_agrees_with_the_list) {
  std::size_t found = 0;
  for (int s = 0; s < states; ++s) {
    for (int e = 0; e < events; ++e) {
      const auto* row = find_transition(state_at(s), event_at(e));
      if (row == nullptr) continue;
      ++found;
      EXPECT_EQ(row->from, state_at(s));
      EXPECT_EQ(row->on, event_at(e));
    }
  }
  EXPECT_EQ(found, transitions().size());
}

TEST(plan_table, a_fork_is_done_exactly_when_starting_begins) {
  for (const auto& row : transitions()) {
    EXPECT_EQ(row.act == slot_action::fork, row.to == slot_state::starting);
    EXPECT_FALSE(row.act == slot_action::fork && row.from == slot_state::starting);
  }
}

// Only a worker that exists is told or killed, and no worker that still exists is forgotten.
TEST(plan_table, only_ends_take_the_process_away) {
  const std::set ends = {slot_event::failed, slot_event::failed_often, slot_event::died,
                         slot_event::left,   slot_event::disabled,     slot_event::fork_failed,
                         slot_event::held};
  for (const auto& row : transitions()) {
    const bool gone =
        has_process(row.from) && (!has_process(row.to) || row.act == slot_action::fork);
    EXPECT_EQ(gone, ends.contains(row.on)) << name_of(row.from) << " on " << name_of(row.on);
    const bool to_a_process = row.act == slot_action::tell_graceful ||
                              row.act == slot_action::tell_immediate ||
                              row.act == slot_action::kill;
    EXPECT_TRUE(!to_a_process || has_process(row.from));
  }
}

TEST(plan_table, an_immediate_stop_reaches_every_state_and_ends_in_death) {
  for (int s = 0; s < states; ++s) {
    auto state = state_at(s);
    if (state == slot_state::empty || state == slot_state::killed) continue;
    const auto* first = find_transition(state, slot_event::stop_now);
    ASSERT_NE(first, nullptr) << name_of(state);
    if (first->to == slot_state::terminating) {
      const auto* second = find_transition(slot_state::terminating, slot_event::grace_over);
      ASSERT_NE(second, nullptr);
      EXPECT_EQ(second->act, slot_action::kill);
    } else if (first->to != slot_state::killed) {
      EXPECT_EQ(first->to, slot_state::empty);
    }
  }
}

TEST(plan_table, every_state_with_a_process_can_lose_it_wanted_or_not) {
  for (int s = 0; s < states; ++s) {
    const auto state = state_at(s);
    if (!has_process(state)) continue;
    const bool may_be_unwanted = state == slot_state::draining ||
                                 state == slot_state::terminating || state == slot_state::killed;
    EXPECT_EQ(find_transition(state, slot_event::left) != nullptr, may_be_unwanted);
    EXPECT_NE(find_transition(state, slot_event::disabled), nullptr);
    // A settling worker may have served, which is as good as having stable.
    const bool may_have_served = state != slot_state::starting;
    EXPECT_EQ(find_transition(state, slot_event::died) != nullptr, may_have_served);
    EXPECT_EQ(find_transition(state, slot_event::held) != nullptr, may_have_served);
    const bool may_be_settling = state != slot_state::stable;
    EXPECT_EQ(find_transition(state, slot_event::failed) != nullptr, may_be_settling);
    EXPECT_EQ(find_transition(state, slot_event::failed_often) != nullptr, may_be_settling);
  }
}

TEST(plan_table, every_state_can_be_reached_from_empty) {
  std::set reached = {slot_state::empty};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const auto& row : transitions()) {
      if (reached.contains(row.from)) reached.insert(row.to);
    }
  }
  EXPECT_EQ(reached.size(), std::size_t{states});
}

TEST(plan_table, is_written_for_people_row_by_row) {
  const auto text = transitions_as_markdown();
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), transitions().size() + 2);
  EXPECT_NE(text.find("| stable | died | starting | fork |\n"), std::string::npos);
  EXPECT_NE(text.find("| terminating | grace over | killed | kill |\n"), std::string::npos);
}

}  // namespace
}  // namespace samjoko::supervise

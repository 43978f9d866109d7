#include <samjoko/os/signal_stack.hpp>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

#include <samjoko/os/thread.hpp>

namespace samjoko::os {
namespace {

void* stack_of_this_thread() {
  stack_t now{};
  ::sigaltstack(nullptr, &now);
  return (now.ss_flags & SS_DISABLE) != 0 ? nullptr : now.ss_sp;
}

TEST(signal_stack, is_given_back_and_lent_again) {
  std::byte* first = nullptr;
  {
    const auto lent = signal_stack::take();
    ASSERT_TRUE(lent);
    first = lent.bottom();
  }
  EXPECT_EQ(signal_stack::take().bottom(), first);
}

TEST(signal_stack, each_is_apart_from_the_others_also_when_many_are_out) {
  std::vector<signal_stack> many;
  std::set<std::byte*> places;
  for (int i = 0; i < 200; ++i) {
    many.push_back(signal_stack::take());
    places.insert(many.back().bottom());
  }
  EXPECT_EQ(places.size(), 200U);
  for (auto at = places.begin(); std::next(at) != places.end(); ++at)
    EXPECT_GE(static_cast<std::size_t>(*std::next(at) - *at), signal_stack::size);
}

TEST(signal_stack, touches_no_memory_before_it_is_used) {
  std::vector<signal_stack> many;
  for (int i = 0; i < 70; ++i) many.push_back(signal_stack::take());  // some are fresh
  const signal_stack_guard used(std::move(many.back()));
  std::array<unsigned char, signal_stack::size / 4096> resident{};
  ASSERT_EQ(::mincore(stack_of_this_thread(), signal_stack::size, resident.data()), 0);
  for (const auto page : resident) EXPECT_EQ(page & 1, 0);
}

TEST(signal_stack, a_guard_puts_back_what_was_there) {
  auto* const before = stack_of_this_thread();
  {
    const signal_stack_guard guard;
    EXPECT_NE(stack_of_this_thread(), nullptr);
    EXPECT_NE(stack_of_this_thread(), before);
  }
  EXPECT_EQ(stack_of_this_thread(), before);
}

struct look : thread_task {
  std::mutex mutex;
  std::condition_variable done;
  bool seen = false;
  void* stack = nullptr;
};

TEST(signal_stack, every_thread_of_ours_has_one) {
  look looking;
  looking.run = [](thread_task& raw) noexcept {
    auto& mine = static_cast<look&>(raw);
    const std::lock_guard lock(mine.mutex);
    mine.stack = stack_of_this_thread();
    mine.seen = true;
    mine.done.notify_one();
  };
  ASSERT_TRUE(start_thread(std::size_t{64} * 1024, looking));
  std::unique_lock lock(looking.mutex);
  looking.done.wait(lock, [&] { return looking.seen; });
  EXPECT_NE(looking.stack, nullptr);
  EXPECT_NE(looking.stack, stack_of_this_thread());
}

}  // namespace
}  // namespace samjoko::os

#include <samjoko/io/buffers.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <samjoko/base/check.hpp>
#include <string>

namespace samjoko {
namespace {

lease lease_of(io::buffer_pool& pool, std::string_view text) {
  lease made(pool, pool.take(), 0);
  std::memcpy(made.tail().data(), text.data(), text.size());
  made.extend(text.size());
  return made;
}

TEST(buffer_pool, gives_the_latest_block_again_and_asks_the_heap_no_more) {
  io::buffer_pool pool;
  auto* first = pool.take();
  auto* second = pool.take();
  EXPECT_NE(first, second);
  pool.give_back(first);
  pool.give_back(second);
  for (int round = 0; round < 100; ++round) {
    auto* again = pool.take();
    EXPECT_EQ(again, second);
    std::memset(again, 0xff, io::buffer_pool::block_size);
    pool.give_back(again);
  }
  EXPECT_EQ(pool.heap_requests(), 2u);
}

TEST(buffer_pool, who_reads_a_block_after_its_end_is_found) {
  io::buffer_pool pool;
  auto held = lease_of(pool, "some text that is longer than a pointer");
  const volatile auto* late = held.data() + 20;
  held.reset();
  if (address_sanitizer) {
    EXPECT_DEATH(static_cast<void>(*late), "use-after-poison");
  } else {
    EXPECT_EQ(static_cast<int>(*late), 0xdd);
  }
}

TEST(buffer_pool, a_lent_block_is_used_first_and_never_freed) {
  alignas(std::max_align_t) std::array<std::byte, io::buffer_pool::block_size> own;
  {
    io::buffer_pool pool;
    pool.lend(own);
    auto* block = pool.take();
    EXPECT_EQ(block, own.data());
    EXPECT_EQ(pool.heap_requests(), 0u);
    auto* from_heap = pool.take();
    EXPECT_EQ(pool.heap_requests(), 1u);
    pool.give_back(from_heap);
    pool.give_back(block);
  }
  own.fill(std::byte{1});  // still ours
}

TEST(lease, gives_its_block_back_once_however_it_is_moved) {
  io::buffer_pool pool;
  {
    auto one = lease_of(pool, "abc");
    lease other = std::move(one);
    lease third;
    third = std::move(other);
    lease& same = third;
    third = std::move(same);
    EXPECT_EQ(as_text(third), "abc");
    EXPECT_TRUE(!one.has_block() && one.empty());      // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(!other.has_block() && other.empty());  // NOLINT(bugprone-use-after-move)
    third = lease_of(pool, "de");                      // its first block goes back before
    EXPECT_EQ(as_text(third), "de");
  }
  auto* one = pool.take();
  auto* two = pool.take();
  EXPECT_EQ(pool.heap_requests(), 2u);
  EXPECT_NE(one, two);
  pool.give_back(one);
  pool.give_back(two);
}

TEST(lease, is_consumed_from_the_front_and_makes_room_by_moving) {
  io::buffer_pool pool;
  auto held = lease_of(pool, std::string(io::buffer_pool::block_size - 3, 'x') + "end");
  EXPECT_TRUE(held.tail().empty());
  held.consume(io::buffer_pool::block_size - 3);
  EXPECT_EQ(as_text(held), "end");
  EXPECT_TRUE(held.tail().empty());
  held.compact();
  EXPECT_EQ(as_text(held), "end");
  EXPECT_EQ(held.tail().size(), io::buffer_pool::block_size - 3);
  held.compact();
  EXPECT_EQ(as_text(held), "end");
  held.reset();
  held.reset();
  EXPECT_TRUE(held.empty());
}

}  // namespace
}  // namespace samjoko

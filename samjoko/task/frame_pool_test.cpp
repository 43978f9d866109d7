#include <samjoko/task/frame_pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <samjoko/base/check.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace samjoko {
namespace {

// Each frame is a heap block of its own under the address sanitizer, by design.
constexpr const char* not_pooled = "frames are not pooled under the address sanitizer";

std::uintptr_t number_of(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

TEST(frame_pool, a_released_frame_is_used_again) {
  if (address_sanitizer) GTEST_SKIP() << not_pooled;
  void* first = frame_pool::allocate(200);
  frame_pool::release(first, 200);
  const auto before = frame_pool::heap_requests();
  void* second = frame_pool::allocate(193);  // of the same class
  EXPECT_EQ(first, second);
  EXPECT_EQ(frame_pool::heap_requests(), before);
  frame_pool::release(second, 193);
  frame_pool::drain();
}

TEST(frame_pool, every_size_fits_and_nothing_overlaps) {
  std::vector<std::pair<std::byte*, std::size_t>> frames;
  for (std::size_t size = 1; size <= frame_pool::largest + 300; size += 61) {
    auto* memory = static_cast<std::byte*>(frame_pool::allocate(size));
    EXPECT_EQ(number_of(memory) % alignof(std::max_align_t), 0u);
    std::memset(memory, static_cast<int>(size % 251), size);
    frames.emplace_back(memory, size);
  }
  for (const auto& [memory, size] : frames) {
    for (std::size_t at = 0; at < size; ++at)
      ASSERT_EQ(std::to_integer<std::size_t>(memory[at]), size % 251);
  }
  for (const auto& [memory, size] : frames) frame_pool::release(memory, size);
  frame_pool::drain();
}

TEST(frame_pool, lent_memory_is_used_before_the_heap_and_never_freed) {
  if (address_sanitizer) GTEST_SKIP() << not_pooled;
  alignas(64) std::array<std::byte, 512> lent;
  frame_pool::drain();
  frame_pool::lend(lent.data(), lent.size());
  const auto before = frame_pool::heap_requests();
  std::array<void*, 3> frames{};
  for (auto& frame : frames) frame = frame_pool::allocate(192);
  EXPECT_EQ(frame_pool::heap_requests(), before + 1);  // two fit into 512 bytes
  EXPECT_EQ(frames[0], lent.data() + 512 - 192) << "from the end on";
  EXPECT_EQ(frames[1], lent.data() + 512 - 2 * 192);
  for (auto* frame : frames) frame_pool::release(frame, 192);
  frame_pool::drain();
  void* later = frame_pool::allocate(192);
  EXPECT_TRUE(number_of(later) < number_of(lent.data()) ||
              number_of(later) >= number_of(lent.data() + lent.size()));
  frame_pool::release(later, 192);
  frame_pool::drain();
}

TEST(frame_pool, lent_memory_need_not_be_aligned) {
  if (address_sanitizer) GTEST_SKIP() << not_pooled;
  alignas(64) std::array<std::byte, 512> lent;
  frame_pool::drain();
  frame_pool::lend(lent.data() + 1, lent.size() - 1);
  void* frame = frame_pool::allocate(64);
  EXPECT_EQ(number_of(frame) % alignof(std::max_align_t), 0u);
  frame_pool::release(frame, 64);
  frame_pool::drain();
}

TEST(frame_pool, threads_have_pools_of_their_own) {
  if (address_sanitizer) GTEST_SKIP() << not_pooled;
  void* mine = frame_pool::allocate(128);
  frame_pool::release(mine, 128);
  void* theirs = mine;
  std::thread([&theirs] {
    theirs = frame_pool::allocate(128);
    frame_pool::release(theirs, 128);
    frame_pool::drain();
  }).join();
  EXPECT_NE(mine, theirs);
  frame_pool::drain();
}

TEST(frame_pool, a_watcher_hears_of_each_release) {
  struct noting final : frame_watcher {
    std::vector<std::pair<const void*, std::size_t>> released;
    void frame_released(const void* frame, std::size_t size) noexcept override {
      released.emplace_back(frame, size);
    }
  } watcher;
  frame_pool::watch(&watcher);
  void* small = frame_pool::allocate(100);
  void* large = frame_pool::allocate(frame_pool::largest + 1);
  frame_pool::release(small, 100);
  frame_pool::release(large, frame_pool::largest + 1);
  frame_pool::watch(nullptr);
  void* unheard = frame_pool::allocate(100);
  frame_pool::release(unheard, 100);
  const std::vector<std::pair<const void*, std::size_t>> expected{{small, 100},
                                                                  {large, frame_pool::largest + 1}};
  EXPECT_EQ(watcher.released, expected);
  frame_pool::drain();
}

}  // namespace
}  // namespace samjoko

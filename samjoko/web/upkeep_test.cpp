#include <samjoko/web/upkeep.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace samjoko::web {
namespace {

/// Keeps something for a number of looks.
class keeper {
 public:
  void keep(int looks) {
    left_.store(looks);
    upkeep::begin();
  }
  void await_the_end() const {
    for (int left = left_.load(); left > 0; left = left_.load()) left_.wait(left);
  }
  [[nodiscard]] int looks() const { return looks_.load(); }

 private:
  bool look() noexcept {
    ++looks_;
    const bool keeps = left_ > 0 && --left_ > 0;
    left_.notify_all();
    return keeps;
  }
  std::atomic<int> left_ = 0;
  std::atomic<int> looks_ = 0;
  upkeep upkeep_{
      [](void* self, steady::time_point) noexcept { return static_cast<keeper*>(self)->look(); },
      this};
};

TEST(upkeep, looks_until_nothing_is_kept) {
  keeper one;
  one.keep(2);
  one.await_the_end();
  EXPECT_EQ(one.looks(), 2);
}

TEST(upkeep, begins_anew_after_it_had_ended) {
  keeper one;
  for (int times = 0; times < 2; ++times) {
    one.keep(1);
    one.await_the_end();
  }
  EXPECT_GE(one.looks(), 2);
}

// Threads of a pool come and go, each with files of its own.
TEST(upkeep, keepers_may_go_while_it_looks) {
  std::vector<std::jthread> threads;
  for (int each = 0; each < 8; ++each) {
    threads.emplace_back([] {
      for (int times = 0; times < 200; ++times) {
        keeper one;
        one.keep(1);
      }
    });
  }
  threads.clear();
  keeper last;
  last.keep(1);
  last.await_the_end();
}

}  // namespace
}  // namespace samjoko::web

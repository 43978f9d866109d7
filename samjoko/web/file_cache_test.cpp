#include <samjoko/web/file_cache.hpp>

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace samjoko::web {
namespace {

namespace fs = std::filesystem;

class kept_files : public ::testing::Test {
 protected:
  kept_files() {
    std::string name = fs::temp_directory_path() / "samjoko-cache-XXXXXX";
    base_ = ::mkdtemp(name.data());
    std::ofstream(base_ / "file") << "text";
    root_ = served_directory::make(base_, {}).value();
  }
  ~kept_files() override { fs::remove_all(base_); }
  std::shared_ptr<const stored_file> find(file_cache& in) {
    auto found = in.find(*root_, "file", look::now);
    EXPECT_TRUE(found);
    return found.value_or(nullptr);
  }
  template <class Kept>
  static void await_the_end(const std::weak_ptr<Kept>& of) {
    for (const auto end = steady::now() + std::chrono::seconds(20);
         !of.expired() && steady::now() < end;)
      ::poll(nullptr, 0, 5);
  }

  fs::path base_;
  std::shared_ptr<served_directory> root_;
};

TEST_F(kept_files, are_closed_when_nobody_asks_and_opened_again) {
  file_cache cache;
  for (int times = 0; times < 2; ++times) {
    const std::weak_ptr<const stored_file> kept = find(cache);
    EXPECT_FALSE(kept.expired()) << "for the next request";
    const std::weak_ptr<const os::descriptor> root = root_->open().value();
    await_the_end(kept);
    await_the_end(root);
    EXPECT_TRUE(kept.expired());
    EXPECT_TRUE(root.expired());
  }
}

// A look waited for the lock of a thread that wanted to begin the clock: a deadlock. The thread
// sanitizer sees it in one run; without it the test tries again and again.
TEST_F(kept_files, threads_ask_while_the_clock_looks) {
  std::vector<std::jthread> threads;
  for (int each = 0; each < 3; ++each) {
    threads.emplace_back([&] {
      for (const auto end = steady::now() + milliseconds(1200); steady::now() < end;) {
        file_cache cache;
        for (int times = 0; times < 50; ++times) find(cache);
      }
    });
  }
}

}  // namespace
}  // namespace samjoko::web

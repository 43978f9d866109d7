#include <samjoko/os/socket_file.hpp>

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/os/socket.hpp>
#include <thread>

namespace samjoko::os {
namespace {

class socket_file_test : public testing::Test {
 protected:
  socket_file_test() { EXPECT_NE(::mkdtemp(folder.data()), nullptr); }
  ~socket_file_test() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::string path(const char* name = "s") const { return folder + "/" + name; }
  [[nodiscard]] address where(const char* name = "s") const {
    return *address::parse("unix:" + path(name));
  }
  struct bound {
    descriptor socket;
    socket_file file;
  };
  [[nodiscard]] std::optional<bound> listen(const char* name = "s") const {
    bound made;
    auto socket = listen_on(where(name), {}, &made.file);
    if (!socket) return std::nullopt;
    made.socket = std::move(*socket);
    return made;
  }
  [[nodiscard]] int connect_errno() const {
    const auto socket = socket_for(where());
    return ::connect(socket->get(), where().data(), where().size()) == 0 ? 0 : errno;
  }

  std::string folder = testing::TempDir() + "samjoko-socket-XXXXXX";
};

TEST_F(socket_file_test, goes_with_its_owner) {
  {
    const auto subject = listen();
    ASSERT_TRUE(subject);
    EXPECT_TRUE(std::filesystem::exists(path()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(socket_file_test, removed_early_is_not_looked_for_again) {
  auto subject = listen();
  ASSERT_TRUE(subject);
  subject->file.remove();
  const auto successor = listen();
  ASSERT_TRUE(successor);
  subject.reset();
  EXPECT_EQ(connect_errno(), 0);
}

TEST_F(socket_file_test, that_a_successor_bound_anew_is_left_to_it) {
  auto subject = listen();
  ASSERT_TRUE(subject);
  std::filesystem::remove(path());
  const auto successor = listen();
  ASSERT_TRUE(successor);
  subject.reset();
  EXPECT_EQ(connect_errno(), 0);
}

TEST_F(socket_file_test, that_was_renamed_into_place_is_left_alone) {
  auto subject = listen();
  ASSERT_TRUE(subject);
  const auto successor = listen("next");
  ASSERT_TRUE(successor);
  std::filesystem::rename(path("next"), path());
  subject->file.remove();
  subject.reset();
  EXPECT_TRUE(std::filesystem::exists(path()));
}

// A stale socket was replaced: the old owner's end, which comes later, removes nothing.
TEST_F(socket_file_test, of_a_listener_that_was_closed_before_is_only_its_own) {
  auto subject = listen();
  ASSERT_TRUE(subject);
  subject->socket.reset();
  const auto successor = listen();
  ASSERT_TRUE(successor);
  subject.reset();
  EXPECT_EQ(connect_errno(), 0);
}

TEST_F(socket_file_test, is_not_removed_by_a_forked_child) {
  auto subject = listen();
  ASSERT_TRUE(subject);
  const auto child = fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) {
    subject.reset();
    leave_process(0);
  }
  ASSERT_EQ(::waitpid(child->pid, nullptr, 0), child->pid);
  EXPECT_EQ(connect_errno(), 0);
}

TEST_F(socket_file_test, is_not_left_by_a_start_that_failed) {
  socket_file file;
  listen_options options;
  options.unix_owner = "nobody-is-called-so";
  const auto begun = steady::now();
  EXPECT_FALSE(listen_on(where(), options, &file));
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_LT(steady::now() - begun, std::chrono::seconds(4)) << "it waited for its own lock";
}

// Another process has bound there and does not listen yet: a connect is refused, as by a stale one.
TEST_F(socket_file_test, of_a_start_under_way_is_not_taken_for_stale) {
  const auto locked = open_directory(folder);
  ASSERT_TRUE(locked);
  ASSERT_EQ(::flock(locked->get(), LOCK_EX), 0);
  const auto first = socket_for(where());
  ASSERT_EQ(::bind(first->get(), where().data(), where().size()), 0);
  std::atomic<bool> begun = false;
  std::optional<bound> second;
  std::thread other([&] {
    begun.store(true);
    second = listen();
  });
  while (!begun.load()) std::this_thread::yield();
  std::this_thread::yield();
  EXPECT_EQ(::listen(first->get(), 8), 0);
  ::flock(locked->get(), LOCK_UN);
  other.join();
  EXPECT_FALSE(second) << "it took the place of one that was being started";
  EXPECT_EQ(connect_errno(), 0);
}

TEST_F(socket_file_test, of_two_that_start_together_one_has_the_stale_place) {
  for (int round = 0; round < 30; ++round) {
    static_cast<void>(listen_on(where()));  // its file stays behind, stale
    std::array<std::optional<bound>, 4> made;
    std::array<std::thread, 4> starts;
    std::atomic<bool> go = false;
    for (std::size_t n = 0; n < made.size(); ++n) {
      starts[n] = std::thread([&, n] {
        while (!go.load()) std::this_thread::yield();
        made[n] = listen();
      });
    }
    go.store(true);
    for (auto& each : starts) each.join();
    EXPECT_EQ(std::ranges::count_if(made, [](const auto& each) { return each.has_value(); }), 1);
    EXPECT_EQ(connect_errno(), 0);
  }
}

}  // namespace
}  // namespace samjoko::os

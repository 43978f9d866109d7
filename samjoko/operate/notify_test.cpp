#include <samjoko/operate/notify.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace samjoko::operate {
namespace {

/// The manager's end: "/path" or "@name".
os::descriptor manager_at(const std::string& name) {
  os::descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, name.data(), name.size());
  if (name.front() == '@') where.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), size), 0) << name;
  return socket;
}

std::string next_from(const os::descriptor& manager) {
  std::array<char, 512> room;
  const auto count = ::recv(manager.get(), room.data(), room.size(), 0);
  return count < 0 ? "nothing" : std::string(room.data(), static_cast<std::size_t>(count));
}

TEST(notifier, tells_a_socket_with_a_path_and_one_with_an_abstract_name) {
  const auto own = std::to_string(::getpid());
  const auto path = testing::TempDir() + "samjoko-notify-" + own;
  for (const auto& name : {path, "@samjoko-notify-" + own}) {
    const auto manager = manager_at(name);
    const auto subject = notifier::to(name);
    ASSERT_TRUE(subject);
    EXPECT_TRUE(subject->is_wanted());
    ASSERT_TRUE(subject->tell("READY=1\nSTATUS=well"));
    EXPECT_EQ(next_from(manager), "READY=1\nSTATUS=well");
  }
  ::unlink(path.c_str());
}

TEST(notifier, does_nothing_when_nobody_wants_to_be_told) {
  const auto subject = notifier::to("");
  ASSERT_TRUE(subject);
  EXPECT_FALSE(subject->is_wanted());
  EXPECT_TRUE(subject->tell("READY=1"));
}

TEST(notifier, a_manager_that_is_gone_or_does_not_read_is_an_error_and_no_wait) {
  const auto name = "@samjoko-notify-gone-" + std::to_string(::getpid());
  const auto subject = notifier::to(name);
  ASSERT_TRUE(subject);
  EXPECT_FALSE(subject->tell("READY=1"));
  const auto manager = manager_at(name);
  result<void> told;
  for (int n = 0; n < 100'000 && told; ++n) told = subject->tell("WATCHDOG=1");
  ASSERT_FALSE(told);
  EXPECT_TRUE(told.error().is(EAGAIN)) << told.error().sentence();
}

TEST(notifier, a_name_that_is_neither_path_nor_abstract_is_refused) {
  for (const auto& name : {std::string("relative"), "/" + std::string(200, 'a')}) {
    EXPECT_FALSE(notifier::to(name)) << name;
  }
}

TEST(watchdog, is_for_the_process_that_is_named_or_for_any_when_none_is) {
  EXPECT_EQ(read_watchdog("3000000", "7", 7), std::chrono::seconds(3));
  EXPECT_EQ(read_watchdog("3000000", nullptr, 7), std::chrono::seconds(3));
  EXPECT_EQ(read_watchdog("3000000", "8", 7), std::nullopt);
  for (const auto* time : {"", "0", "-1", "soon", "1s"})
    EXPECT_EQ(read_watchdog(time, nullptr, 7), std::nullopt) << time;
  EXPECT_EQ(read_watchdog(nullptr, "7", 7), std::nullopt);
}

TEST(service_manager, is_met_once_and_no_child_hears_of_it) {
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", "@samjoko-notify-none", 1), 0);
  ASSERT_EQ(::setenv("WATCHDOG_USEC", "1000000", 1), 0);
  const auto met = meet_service_manager();
  ASSERT_TRUE(met);
  EXPECT_TRUE(met->told.is_wanted());
  EXPECT_EQ(met->watchdog, std::chrono::seconds(1));
  EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(::getenv("WATCHDOG_USEC"), nullptr);
  const auto again = meet_service_manager();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->told.is_wanted());
}

}  // namespace
}  // namespace samjoko::operate

#include <samjoko/operate/service_notifier.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include <samjoko/supervise/testing/driven_plan.hpp>

namespace samjoko::operate {
namespace {

using std::chrono::seconds;

/// A service manager that receives what is announced about a plan.
class service_notifier_test : public testing::Test {
 protected:
  service_notifier_test() {
    const auto name = "@samjoko-notifier-" + std::to_string(::getpid());
    listen_as(name);
    auto told = notifier::to(name);
    EXPECT_TRUE(told);
    manager.told = std::move(*told);
  }
  void listen_as(const std::string& name) {
    ears.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path + 1, name.data() + 1, name.size() - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(ears.get(), reinterpret_cast<const sockaddr*>(&where), size), 0);
  }
  /// What is sent in this turn.
  std::string turn(service_notifier& subject, const supervise::driven& it) const {
    subject.take_turn(it.subject, it.now);
    char room[512];
    const auto count = ::recv(ears.get(), room, sizeof room, 0);
    return count < 0 ? "nothing" : std::string(room, static_cast<std::size_t>(count));
  }

  /// Fills the manager's queue, which is not read (/proc/sys/net/unix/max_dgram_qlen).
  int fill() const {
    int count = 0;
    while (manager.told.tell("X=1\n")) ++count;
    return count;
  }
  /// All that has come.
  std::vector<std::string> heard() const {
    std::vector<std::string> all;
    char room[512];
    for (ssize_t size = 0; (size = ::recv(ears.get(), room, sizeof room, 0)) >= 0;)
      all.emplace_back(room, static_cast<std::size_t>(size));
    return all;
  }

  os::descriptor ears;
  service_manager manager;
};

TEST_F(service_notifier_test, keeps_what_a_full_socket_did_not_take_and_tells_it_in_order) {
  supervise::driven it(1);
  const auto full = static_cast<std::size_t>(fill());
  service_notifier subject(std::move(manager), {});
  const auto turn_after = [&](milliseconds time) {
    it.after(time);
    subject.take_turn(it.subject, it.now);
  };
  turn_after(milliseconds(0));
  it.ready(0);
  turn_after(milliseconds(0));
  EXPECT_EQ(subject.next_time().at(), it.now + service_notifier::first_retry)
      << "no earlier: no spinning";
  turn_after(milliseconds(1));
  it.order(supervise::master_order::graceful);
  turn_after(seconds(3));
  EXPECT_EQ(heard().size(), full);
  turn_after(seconds(1));
  EXPECT_EQ(heard(), (std::vector<std::string>{
                         "STATUS=0 of 1 worker ready\n", "READY=1\nSTATUS=1 of 1 worker ready\n",
                         "STOPPING=1\nSTATUS=stopping: workers that still finish their clients: "
                         "1\n"}));
  EXPECT_TRUE(subject.next_time().is_never()) << "it wakes nobody any more";
}

TEST_F(service_notifier_test, statuses_that_wait_replace_each_other) {
  supervise::driven it(8);
  const auto full = static_cast<std::size_t>(fill());
  service_notifier subject(std::move(manager), {});
  for (std::size_t slot = 0; slot < 7; ++slot) {
    subject.take_turn(it.subject, it.now);
    it.ready(slot);
  }
  subject.take_turn(it.subject, it.now);
  EXPECT_EQ(heard().size(), full);
  it.now += seconds(2);
  subject.take_turn(it.subject, it.now);
  EXPECT_EQ(heard(), std::vector<std::string>{"STATUS=7 of 8 workers ready\n"});
}

TEST_F(service_notifier_test, one_that_listens_later_is_told_in_order) {
  supervise::driven it(1);
  it.ready(0);
  const auto name = "@samjoko-notifier-" + std::to_string(::getpid());
  ears.reset();
  service_notifier subject(std::move(manager), {});
  subject.take_turn(it.subject, it.now);
  ASSERT_FALSE(subject.next_time().is_never()) << "it is tried again";
  listen_as(name);
  it.now = subject.next_time().at();
  EXPECT_EQ(turn(subject, it), "READY=1\nSTATUS=1 of 1 worker ready\n");
}

TEST_F(service_notifier_test, one_that_never_reads_is_given_up_and_may_come_back) {
  supervise::driven it(1);
  const auto full = static_cast<std::size_t>(fill());
  service_notifier subject(std::move(manager), {});
  int turns = 0;
  do {
    subject.take_turn(it.subject, it.now);
    if (!subject.next_time().is_never()) it.now = subject.next_time().at();
    ASSERT_LT(++turns, 100);
  } while (!subject.next_time().is_never());
  EXPECT_LE(turns, 70) << "once a second at most";
  EXPECT_EQ(heard().size(), full);
  it.order(supervise::master_order::graceful);
  EXPECT_EQ(turn(subject, it),
            "STOPPING=1\nSTATUS=stopping: workers that still finish their clients: 1\n");
}

TEST_F(service_notifier_test, a_beat_is_not_kept_but_tried_again) {
  supervise::driven it(1);
  manager.watchdog = seconds(10);
  const auto full = static_cast<std::size_t>(fill());
  service_notifier subject(std::move(manager), {});
  it.ready(0);
  subject.take_turn(it.subject, it.now);
  EXPECT_EQ(heard().size(), full);
  it.now += service_notifier::first_retry;
  EXPECT_EQ(turn(subject, it), "READY=1\nSTATUS=1 of 1 worker ready\nWATCHDOG=1\n");
}

TEST_F(service_notifier_test, ready_when_all_that_were_wanted_are_and_stopping_once) {
  supervise::driven it(2);
  int called = 0;
  service_notifier subject(std::move(manager), [&called] { ++called; });
  EXPECT_EQ(turn(subject, it), "STATUS=0 of 2 workers ready\n");
  it.ready(0);
  EXPECT_EQ(turn(subject, it), "STATUS=1 of 2 workers ready\n");
  EXPECT_EQ(called, 0);
  it.ready(1);
  EXPECT_EQ(turn(subject, it), "READY=1\nSTATUS=2 of 2 workers ready\n");
  EXPECT_EQ(turn(subject, it), "nothing");
  it.ends(1);
  EXPECT_EQ(turn(subject, it), "STATUS=1 of 2 workers ready\n");
  it.order(supervise::master_order::graceful);
  EXPECT_EQ(turn(subject, it),
            "STOPPING=1\nSTATUS=stopping: workers that still finish their clients: 1\n");
  it.order(supervise::master_order::immediate);
  EXPECT_EQ(turn(subject, it), "nothing");
  EXPECT_EQ(called, 1);
}

TEST_F(service_notifier_test,
       a_worker_that_backs_off_is_waited_for_and_one_that_was_given_up_is_not) {
  supervise::driven it(2);
  service_notifier subject(std::move(manager), {});
  it.ready(0);
  for (int n = 0; n < 4; ++n) {
    it.ends(1);
    subject.take_turn(it.subject, it.now);
    EXPECT_FALSE(subject.was_ready());
    it.after(seconds(5));
  }
  it.ends(1);
  ASSERT_EQ(it.subject.state(1), supervise::slot_state::failed);
  subject.take_turn(it.subject, it.now);
  EXPECT_TRUE(subject.was_ready());
}

TEST_F(service_notifier_test, each_group_must_be_served_but_one_that_is_closed) {
  supervise::driven it(std::vector<std::size_t>{1, 1});
  it.ready(0);
  EXPECT_FALSE(is_ready(it.subject));
  it.ends(1, os::exit_status::exited(supervise::exit_do_not_restart));
  EXPECT_TRUE(it.subject.is_closed(1));
  EXPECT_TRUE(is_ready(it.subject));
}

TEST_F(service_notifier_test, beats_at_half_the_interval_of_the_watchdog) {
  supervise::driven it(1);
  manager.watchdog = seconds(4);
  service_notifier subject(std::move(manager), {});
  EXPECT_TRUE(turn(subject, it).ends_with("WATCHDOG=1\n"));
  EXPECT_EQ(subject.next_time(), deadline(it.now + seconds(2)));
  it.now += seconds(2) - milliseconds(1);
  EXPECT_EQ(turn(subject, it), "nothing");
  it.now += milliseconds(1);
  EXPECT_EQ(turn(subject, it), "WATCHDOG=1\n");
}

TEST_F(service_notifier_test, without_a_manager_nothing_is_told_but_ready_is_known) {
  supervise::driven it(1);
  service_notifier subject({}, {});
  it.ready(0);
  subject.take_turn(it.subject, it.now);
  EXPECT_TRUE(subject.was_ready());
  EXPECT_TRUE(subject.next_time().is_never());
}

TEST(phase_name, of_each_phase) {
  supervise::driven it(1);
  it.subject = supervise::plan([] {
    auto made = supervise::driven::settings({1}, 8);
    made.stay_when_given_up = true;
    return made;
  }());
  (void)it.subject.start(it.now);
  EXPECT_EQ(phase_name(it.subject, false), "starting");
  EXPECT_EQ(phase_name(it.subject, true), "running");
  for (int n = 0; n < 5; ++n) {
    it.ends(0);
    it.after(seconds(2));
  }
  EXPECT_EQ(phase_name(it.subject, true), "failed");
  it.order(supervise::master_order::graceful);
  EXPECT_EQ(phase_name(it.subject, true), "stopping");
}

TEST(phase_name, is_draining_from_the_order_on_though_clients_are_still_accepted) {
  auto settings = supervise::driven::settings({2}, 8);
  settings.drain_delay = seconds(5);
  supervise::driven it(std::move(settings));
  for (std::size_t slot = 0; slot < it.subject.slots(); ++slot) it.ready(slot);
  it.after(seconds(1));
  EXPECT_EQ(phase_name(it.subject, true), "running");
  it.order(supervise::master_order::graceful);
  EXPECT_EQ(phase_name(it.subject, true), "draining");
}

}  // namespace
}  // namespace samjoko::operate

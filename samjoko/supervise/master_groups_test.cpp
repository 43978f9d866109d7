#include <samjoko/supervise/testing/test_workers.hpp>

namespace samjoko::supervise {
namespace {

/// Two groups of one and two workers. Each has a listener of its own: here the end of a pipe.
struct two_groups {
  pipe_ends of_threads, of_loops;

  master_settings settings() {
    auto made = quick();
    made.plan.workers = {1, 2};
    made.group_names = {"thread-pool", "multiplex"};
    made.listeners.push_back({std::move(of_threads.in), "127.0.0.1:7001", 0});
    made.listeners.push_back({std::move(of_loops.in), "127.0.0.1:7002", 1});
    return made;
  }
  /// Closes what only the master's process holds.
  void let_go() { of_threads.in.reset(), of_loops.in.reset(); }
};

int serves_own_listener(worker& self) {
  const auto& mine = self.listeners();
  const auto* wanted = self.inherited().group == 0 ? "127.0.0.1:7001" : "127.0.0.1:7002";
  if (mine.size() != 1 || mine.front().name != wanted) return 9;
  return ::fcntl(mine.front().socket.get(), F_GETFD) < 0 ? 10 : polite(self);
}

TEST(master_groups, each_worker_has_the_listeners_of_its_group_and_says_which) {
  two_groups both;
  running_service service([&] { return both.settings(); }, serves_own_listener);
  both.let_go();
  for (int i = 0; i < 3; ++i) service.wait_for(": serving");
  service.signal(SIGTERM);
  service.expect_end(0);
  const auto& text = service.log.read_to_end();
  for (const auto* who :
       {"worker 1 of thread-pool", "worker 2 of multiplex", "worker 3 of multiplex"}) {
    for (const auto* what : {": serving", ": told to stop gracefully"}) {
      EXPECT_NE(text.find(std::string(who) + what), std::string::npos) << text;
    }
  }
}

TEST(master_groups, the_dead_are_replaced_in_their_own) {
  two_groups both;
  running_service service([&] { return both.settings(); }, serves_own_listener);
  both.let_go();
  std::vector<std::string> lines;
  for (int i = 0; i < 3; ++i) lines.push_back(service.wait_for(": serving"));
  for (const auto& line : lines) {
    const auto who = line.substr(line.find("worker"), line.rfind(':') - line.find("worker"));
    const auto pid = writer_of(line);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    service.wait_for(fmt::format("{} ({}) was killed by signal 9", who, pid));
    service.wait_for(who + ": serving");
  }
  service.signal(SIGTERM);
  service.expect_end(0);
}

// If it stayed open, the listener of a group without workers would let its clients wait for ever.
TEST(master_groups, one_whose_workers_keep_falling_is_closed_and_the_others_go_on) {
  two_groups both;
  running_service service(
      [&] { return both.settings(); },
      [](worker& self) { return self.inherited().group == 0 ? 7 : serves_own_listener(self); });
  both.let_go();
  service.wait_for("worker 1 of thread-pool has failed");
  service.wait_for("no worker of thread-pool is left: 127.0.0.1:7001 is closed");
  char byte = 0;
  EXPECT_EQ(::read(both.of_threads.out.get(), &byte, 1), 0) << "its listener is still open";
  service.signal(SIGTERM);
  for (int i = 0; i < 2; ++i) service.wait_for("told to stop gracefully");
  service.expect_end(0);
}

TEST(master_groups, one_more_and_one_less_of_each) {
  two_groups both;
  running_service service([&] { return both.settings(); }, serves_own_listener);
  both.let_go();
  for (int i = 0; i < 3; ++i) service.wait_for(": serving");
  service.signal(SIGTTIN);
  for (int i = 0; i < 2; ++i) service.wait_for(": serving");
  service.signal(SIGTTOU);
  service.wait_for("workers wanted now: 3");
  service.signal(SIGTERM);
  service.expect_end(0);
  const auto& text = service.log.read_to_end();
  EXPECT_NE(text.find("worker 4 of thread-pool: serving"), std::string::npos) << text;
  EXPECT_NE(text.find("worker 5 of multiplex: serving"), std::string::npos) << text;
}

}  // namespace
}  // namespace samjoko::supervise

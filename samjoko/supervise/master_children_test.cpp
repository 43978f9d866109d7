#include <samjoko/base/check.hpp>
#include <samjoko/supervise/testing/test_workers.hpp>

namespace samjoko::supervise {
namespace {

TEST(master, a_worker_told_by_its_own_signal_is_succeeded_while_it_drains) {
  running_service service(workers(1), [](worker& self) {
    if (self.inherited().number == 1) return stubborn(self);
    return polite(self);
  });
  const auto first = service.wait_serving(1);
  ASSERT_EQ(::kill(first, SIGTERM), 0);
  service.wait_for("this worker stops gracefully");
  service.wait_serving(2);
  ASSERT_EQ(::kill(first, 0), 0);  // still there
  service.signal(SIGTERM);
  service.wait_for("told to stop gracefully");
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, tells_of_the_end_of_a_worker_before_it_has_a_successor) {
  const auto settings = [] {
    auto made = quick();
    made.after_worker_end = [](std::size_t number) {
      log::info(log::every("test"), "take back from worker {}", number);
    };
    return made;
  };
  running_service service(settings, polite);
  ASSERT_EQ(::kill(service.wait_serving(1), SIGKILL), 0);
  service.wait_for("master: take back from worker 1");
  service.wait_for("worker 1: serving");
  service.signal(SIGTERM);
  service.expect_end(0);
}

// The order matters: the kernel must not complete a connection after the workers have looked into
// the backlog for the last time.
TEST(master, holds_the_listeners_before_it_tells_anybody) {
  pipe_ends listener;
  const auto settings = [&] {
    auto made = quick(2);
    made.listeners.push_back({std::move(listener.in), "127.0.0.1:7000"});
    made.before_graceful_stop = [](const std::vector<named_listener>& held) {
      log::info(log::every("test"), "held {} {}", held.size(), held.front().name);
    };
    return made;
  };
  running_service service(settings, [](worker& self) {
    const auto& inherited = self.listeners();
    if (inherited.size() != 1 || inherited.front().name != "127.0.0.1:7000") return 9;
    if (::fcntl(inherited.front().socket.get(), F_GETFD) < 0) return 10;
    return polite(self);
  });
  listener.in.reset();
  service.wait_for("serving");
  service.wait_for("serving");
  service.signal(SIGTERM);
  service.wait_for("master: held 1 127.0.0.1:7000");
  service.wait_for("told to stop gracefully");
  service.wait_for("told to stop gracefully");
  service.expect_end(0);
  char byte = 0;
  EXPECT_EQ(::read(listener.out.get(), &byte, 1), 0) << "somebody still holds the listener";
}

/// The sockets that a worker has open, except those that it opened itself or that existed before
/// the master.
std::size_t sockets_held() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    count += target.starts_with("socket:") ? 1 : 0;
  }
  return count;
}

// A copy of another worker's line would hide the master's end from that worker.
TEST(master, a_worker_holds_its_own_line_and_no_other) {
  const auto before = sockets_held();
  running_service service(workers(4), [before](worker& self) {
    return sockets_held() == before + 1 ? polite(self) : 9;
  });
  for (int i = 0; i < 4; ++i) service.wait_for("serving");
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_EQ(service.log.read_to_end().find("exited with code 9"), std::string::npos);
}

TEST(master, a_worker_that_cannot_be_forked_is_tried_again) {
  if (address_sanitizer)
    GTEST_SKIP() << "UBSan, built in beside ASan, opens a pipe to look at a virtual table";
  const auto settings = [] {
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    auto made = quick();
    made.plan.first_delay = milliseconds(1);
    made.plan.longest_fork_delay = milliseconds(4);
    // The queue of signals gets the last descriptor; what comes after it finds none.
    const int first_free = ::fcntl(2, F_DUPFD_CLOEXEC, 3);
    ::close(first_free);
    limit.rlim_cur = static_cast<rlim_t>(first_free) + 1;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return made;
  };
  running_service service(settings, polite);
  service.wait_for("worker 1 cannot be started: socketpair: Too many open files");
  service.wait_for("worker 1 is started again in 4 ms");
  service.wait_for("worker 1 is started again in 4 ms");
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, what_is_said_of_a_slot_survives_its_worker) {
  auto board = scoreboard::worker_slots::make(32);
  ASSERT_TRUE(board);
  const auto settings = [&] {
    auto made = quick();
    made.counters = &*board;
    return made;
  };
  running_service service(settings, polite);
  ASSERT_EQ(::kill(service.wait_serving(), SIGKILL), 0);
  const auto second = service.wait_serving();
  auto& cell = board->at(0);
  EXPECT_EQ(cell.started.load(), 2U);
  EXPECT_EQ(cell.pid.load(), second);
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_EQ(cell.pid.load(), 0);
}

TEST(master, says_how_many_connections_it_has_a_worker_cut) {
  const auto settings = [] {
    auto made = quick();
    made.figures = [](std::size_t) { return slot_figures{.clients = 9, .open = 3}; };
    return made;
  };
  running_service service(settings, polite);
  service.wait_serving();
  service.signal(SIGQUIT);
  service.wait_for("worker 1 is told to cut 3 connections");
  service.expect_end(0);
}

TEST(worker, learns_of_its_childrens_ends_at_the_same_descriptor) {
  running_service service(workers(1), [](worker& self) {
    const auto forked = os::fork_process();
    if (!forked) return 9;
    if (forked->in_child()) os::leave_process(5);
    while (!self.take_children_ended()) {
      if (!os::wait_readable(self.descriptor(), soon())) return 10;
    }
    int status = -1;
    if (::waitpid(forked->pid, &status, WNOHANG) != forked->pid) return 11;
    return polite(self);
  });
  service.wait_serving();
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_EQ(service.log.read_to_end().find("exited with code 9"), std::string::npos);
}

TEST(worker, ignores_what_is_meant_for_the_master) {
  running_service service(workers(1), polite);
  const auto pid = service.wait_serving();
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU}) {
    ASSERT_EQ(::kill(pid, signal), 0);
  }
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_EQ(service.log.read_to_end().find("was killed"), std::string::npos);
}

// A count that the rate limit held back was told only with the next line of its kind, which may
// never come.
TEST(worker, says_what_the_log_held_back_though_it_has_nothing_to_do) {
  running_service service(workers(1), [](worker& self) {
    serving(self);
    log_twice_in_a_second();
    while (self.take() == stop_order::none) (void)os::wait_readable(self.descriptor(), soon());
    return 0;
  });
  service.wait_for("worker 1: the same trouble");
  const auto line = service.wait_for("worker 1: not every line about 'trouble' was written (and ");
  EXPECT_NE(line.find(" more like this)"), std::string::npos) << line;
  service.signal(SIGTERM);
  service.expect_end(0);
}

}  // namespace
}  // namespace samjoko::supervise

#include <samjoko/supervise/testing/test_workers.hpp>

namespace samjoko::supervise {
namespace {

TEST(master, stops_cleanly_on_each_order_and_leaves_nobody) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) {
    SCOPED_TRACE(os::signal_name(signal));
    running_service service(workers(3), polite);
    for (int number = 1; number <= 3; ++number) service.wait_for("serving");
    service.signal(signal);
    service.wait_for(
        fmt::format("master: {} from process {}", os::signal_name(signal), ::getpid()));
    service.expect_end(0);
    const auto told = signal == SIGQUIT ? "told to stop at once" : "told to stop gracefully";
    EXPECT_NE(service.log.read_to_end().find(told), std::string::npos);
    EXPECT_NE(service.log.text().find("stopped, exit code 0"), std::string::npos);
  }
}

TEST(master, replaces_the_dead_and_says_in_one_sentence_how_each_ended) {
  running_service service(workers(1), polite);
  for (const int signal : {SIGKILL, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGUSR1 + 24}) {
    const auto pid = service.wait_serving();
    ASSERT_EQ(::kill(pid, signal), 0);
    const auto line = service.wait_for(fmt::format("worker 1 ({}) was killed by signal {} ({}", pid,
                                                   signal, os::signal_name(signal)));
    EXPECT_NE(line.find(" warning "), std::string::npos);
    EXPECT_NE(line.find(" s after its start"), std::string::npos) << line;
  }
  service.wait_serving();
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, reports_every_death_once_also_when_all_die_together) {
  constexpr int count = 16;
  running_service service(workers(count), polite);
  std::vector<pid_t> killed;
  for (int i = 0; i < count; ++i) killed.push_back(writer_of(service.wait_for(": serving")));
  for (const auto pid : killed) ASSERT_EQ(::kill(pid, SIGKILL), 0);
  for (int i = 0; i < count; ++i) service.wait_for(": serving");
  service.signal(SIGTERM);
  service.expect_end(0);
  const auto& text = service.log.read_to_end();
  for (const auto pid : killed) {
    const auto part = fmt::format("({}) was killed by signal 9", pid);
    const auto at = text.find(part);
    ASSERT_NE(at, std::string::npos) << pid;
    EXPECT_EQ(text.find(part, at + 1), std::string::npos) << pid << " was reported twice";
  }
}

TEST(master, an_exit_code_is_reported_as_it_was) {
  running_service service(workers(1), [](worker& self) {
    self.ready();
    return self.inherited().generation < 3 ? static_cast<int>(self.inherited().generation) + 40
                                           : polite(self);
  });
  service.wait_for("exited with code 41");
  service.wait_for("exited with code 42");
  service.wait_serving();
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, a_crash_loop_backs_off_fails_and_ends_with_an_error) {
  running_service service(workers(1), [](worker&) { return 7; });
  for (const int delay : {1, 2, 4, 8}) {
    service.wait_for("exited with code 7");
    service.wait_for(fmt::format(
        "worker 1 is started again in {} ms: it failed to start, before it was ready", delay));
  }
  service.wait_for("worker 1 has failed: it ended 5 times within 60 s");
  service.expect_end(3);
}

TEST(master, a_worker_that_ends_while_settling_is_told_from_one_that_failed_to_start) {
  const auto settings = [] {
    auto made = quick();
    made.plan.stable_after = milliseconds(60'000);
    made.plan.failures_to_give_up = 2;
    return made;
  };
  running_service service(settings, [](worker& self) {
    self.ready();
    return 7;
  });
  service.wait_for("is started again in 1 ms: it ended within 60000 ms after it was ready");
  service.wait_for("worker 1 has failed: it ended 2 times within 60 s");
  service.expect_end(3);
}

TEST(master, a_failed_worker_does_not_stop_the_others) {
  running_service service(
      workers(2), [](worker& self) { return self.inherited().number == 1 ? 7 : polite(self); });
  service.wait_for("worker 1 has failed");
  service.signal(SIGTERM);
  service.wait_for("told to stop gracefully");
  service.expect_end(0);
}

TEST(master, code_125_is_not_started_again) {
  running_service service(workers(2), [](worker&) { return 125; });
  service.wait_for("asked not to be started again");
  service.wait_for("asked not to be started again");
  service.expect_end(125);
}

TEST(master, an_exception_that_leaves_a_worker_is_named_and_ends_only_it) {
  running_service service(workers(1), [](worker& self) -> int {
    if (self.inherited().generation == 1) throw std::runtime_error("no luck");
    return polite(self);
  });
  service.wait_for("an exception left the worker: no luck");
  service.wait_for("exited with code 1");
  service.wait_serving();
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, a_second_order_is_immediate) {
  for (const int second : {SIGTERM, SIGINT, SIGQUIT}) {
    SCOPED_TRACE(os::signal_name(second));
    running_service service(workers(2), stubborn);
    service.wait_for("serving");
    service.wait_for("serving");
    service.signal(SIGTERM);
    service.wait_for("draining");
    service.wait_for("draining");
    service.signal(second);
    service.expect_end(0);
  }
}

TEST(master, a_hanging_worker_is_cut_at_the_deadline_and_killed_after_the_grace) {
  const auto settings = [] {
    auto made = quick();
    made.plan.drain_limit = milliseconds(30);
    made.plan.kill_grace = milliseconds(30);
    return made;
  };
  running_service service(settings, deaf);
  const auto pid = service.wait_serving();
  service.signal(SIGTERM);
  service.wait_for("worker 1 is not done after 30 ms: its connections are cut");
  service.wait_for("did not stop when told: it is killed");
  service.wait_for(fmt::format("worker 1 ({}) was killed by signal 9", pid));
  service.expect_end(0);
}

TEST(master, a_worker_that_is_never_ready_is_ended_and_another_one_started) {
  const auto settings = [] {
    auto made = quick();
    made.plan.boot_limit = milliseconds(2000);  // ample for the worker that does boot
    made.plan.kill_grace = milliseconds(30);
    return made;
  };
  running_service service(settings, [](worker& self) {
    if (self.inherited().generation == 1) deaf_from_the_start();
    return polite(self);
  });
  service.wait_for("worker 1 is not ready after 2000 ms: it is ended");
  service.wait_for("did not stop when told: it is killed");
  service.wait_for("was killed by signal 9");
  service.wait_for("worker 1 is started again in 1 ms");
  service.wait_serving();
  service.signal(SIGTERM);
  service.expect_end(0);
}

TEST(master, ctrl_c_reaches_the_group_but_only_the_master_obeys) {
  running_service service(workers(2), polite);
  service.wait_for("serving");
  service.wait_for("serving");
  service.signal_group(SIGINT);
  service.expect_end(0);
  const auto& text = service.log.read_to_end();
  EXPECT_EQ(text.find("was killed by"), std::string::npos) << text;
  EXPECT_NE(text.find("told to stop gracefully"), std::string::npos);
}

TEST(master, workers_leave_when_it_vanishes) {
  running_service service(workers(2), polite);
  for (int number = 1; number <= 2; ++number) service.wait_for("serving");
  service.signal(SIGKILL);
  EXPECT_EQ(service.wait_end(), os::exit_status::killed(SIGKILL));
  const auto& text = service.log.read_to_end();  // ends when the last worker has ended
  EXPECT_NE(text.find("is gone: stopping gracefully"), std::string::npos) << text;
  int left = 0;
  for (int status = -1; ::waitpid(-1, &status, 0) > 0; ++left) EXPECT_EQ(status, 0);
  EXPECT_EQ(left, 2);
}

TEST(master, one_worker_more_and_one_less) {
  running_service service(workers(1), polite);
  service.wait_serving(1);
  service.signal(SIGTTIN);
  service.wait_serving(2);  // a worker may log before the master's own line
  service.signal(SIGTTOU);
  service.wait_for("workers wanted now: 1");
  service.wait_for("exited with code 0");
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_NE(service.log.read_to_end().find("workers wanted now: 2"), std::string::npos);
}

TEST(master, reload_and_upgrade_are_said_to_be_missing_and_do_nothing) {
  running_service service(workers(1), polite);
  service.wait_serving();
  for (const int signal : {SIGHUP, SIGUSR2}) {
    service.signal(signal);
    const auto line = service.wait_for("not supported by this version, nothing is done");
    EXPECT_NE(line.find(os::signal_name(signal)), std::string::npos) << line;
  }
  service.signal(SIGWINCH);
  service.signal(SIGTERM);
  service.expect_end(0);
  EXPECT_EQ(service.log.read_to_end().find("WINCH"), std::string::npos);
}

TEST(master, reopens_the_log_for_all) {
  pipe_ends fresh;
  const auto settings = [&] {
    auto made = quick();
    made.reopen_log = [&]() -> result<os::descriptor> {
      return os::descriptor(::fcntl(fresh.in.get(), F_DUPFD_CLOEXEC, 0));
    };
    return made;
  };
  running_service service(settings, polite);
  fresh.in.reset();
  service.wait_serving();
  service.signal(SIGUSR1);
  log_reader reopened(std::move(fresh.out));
  reopened.wait_for("the log was reopened");
  service.signal(SIGTERM);
  reopened.wait_for("worker 1: told to stop gracefully");
  reopened.wait_for("stopped, exit code 0");
  service.expect_end(0);
}

TEST(master, a_log_that_cannot_be_reopened_stays) {
  const auto settings = [] {
    auto made = quick();
    made.reopen_log = []() -> result<os::descriptor> { return failure(EACCES, "open", "x.log"); };
    return made;
  };
  running_service service(settings, polite);
  service.wait_serving();
  service.signal(SIGUSR1);
  service.wait_for("the log is not reopened: open x.log: Permission denied");
  service.signal(SIGTERM);
  service.wait_for("worker 1: told to stop gracefully");
  service.expect_end(0);
}

}  // namespace
}  // namespace samjoko::supervise

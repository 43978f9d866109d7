// Limits on time and number, in every model.

#include <sys/resource.h>

#include <samjoko/base/check.hpp>
#include <samjoko/serve/testing/model_contract.hpp>

namespace samjoko::serve {
namespace {

serve_limits with_idle(int idle_ms) {
  serve_limits limits;
  limits.connection.idle = milliseconds(idle_ms);
  return limits;
}

// The server is stopped until the line has been sent: on a busy machine the idle time could
// otherwise pass between the client's connect and its first bytes.
TEST_P(model_contract, a_silent_client_is_closed_after_the_idle_time) {
  for (const auto& offered : {echo(), counting()}) {
    running_model server(GetParam(), offered, {.limits = with_idle(250)});
    server.freeze();
    auto client = server.connect();
    EXPECT_TRUE(client.send("x\n"));
    const auto before = steady::now();
    server.thaw();
    EXPECT_FALSE(client.receive_line().empty());
    EXPECT_TRUE(client.sees_end()) << offered.name;
    EXPECT_GE(steady::now() - before, milliseconds(250)) << offered.name;
    client.close();
    EXPECT_TRUE(server.serves_nobody());
    server.stop_and_expect_end();
  }
}

TEST_P(model_contract, a_trickling_client_meets_the_whole_deadline) {
  running_model server(GetParam(), {.name = "hurry", .handler = one_line_in_time});
  auto client = server.connect();
  const auto until = patience();
  // One byte at a time: each is progress, none is the end of the line.
  while (!os::wait_readable(client.socket(), deadline::after(milliseconds(20)))) {
    ASSERT_FALSE(until.passed(steady::now()));
    ASSERT_TRUE(client.send("x"));
  }
  EXPECT_EQ(client.receive_line(), "late\n");
  client.close();
  server.stop_and_expect_end();
}

/// "more" wants a second line, which may never come.
task<next> one_line_or_two(connection& client) {
  auto line = co_await client.read_line();
  if (line && *line == "more") line = co_await client.read_line();
  if (!line) co_return next::close;
  const auto written = co_await client.write("done\n");
  co_return written ? next::keep : next::close;
}
serve_limits with_turn(int turn_ms) {
  serve_limits limits;
  limits.connection.turn = milliseconds(turn_ms);
  return limits;
}

TEST_P(model_contract, a_turn_that_takes_too_long_costs_its_client_alone) {
  running_model server(GetParam(), {.name = "turns", .handler = one_line_or_two},
                       {.limits = with_turn(500)});
  auto quick = server.connect();
  auto slow = server.connect();
  EXPECT_EQ(quick.ask("x\n"), "done\n");
  const auto before = steady::now();
  EXPECT_TRUE(slow.send("more\n"));
  EXPECT_TRUE(slow.sees_end());
  EXPECT_GE(steady::now() - before, milliseconds(500));
  EXPECT_EQ(quick.ask("x\n"), "done\n") << "a rest is no turn";
  EXPECT_TRUE(server.logs("service turns: a turn took longer than 500 ms"));
  quick.close();
  slow.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, turns_that_end_in_time_leave_nothing_of_their_limit) {
  running_model server(GetParam(), {.name = "turns", .handler = one_line_or_two},
                       {.limits = with_turn(20'000)});
  auto client = server.connect();
  for (int turn = 0; turn < 200; ++turn) ASSERT_EQ(client.ask("x\n"), "done\n");
  EXPECT_TRUE(client.send("more\n"));
  EXPECT_EQ(client.ask("second\n"), "done\n");
  server.stop(stop_level::graceful);
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.expect_end();
}

TEST_P(model_contract, an_immediate_stop_does_not_wait_for_a_turn_with_a_limit) {
  running_model server(GetParam(), {.name = "turns", .handler = one_line_or_two},
                       {.limits = with_turn(3'600'000)});
  auto client = server.connect();
  EXPECT_EQ(client.ask("x\n"), "done\n");
  EXPECT_TRUE(client.send("more\n"));
  server.stop(stop_level::immediate);
  EXPECT_TRUE(client.is_cut_off());
  server.expect_end();
}

TEST_P(model_contract, the_turn_of_a_plain_handler_is_its_whole_connection) {
  running_model server(GetParam(), echo(), {.limits = with_turn(500)});
  auto client = server.connect();
  const auto before = steady::now();
  while (!os::wait_readable(client.socket(), deadline::after(milliseconds(20))) ||
         !client.receive(1).empty()) {
    if (!client.send("x")) break;
    ASSERT_LT(steady::now() - before, std::chrono::seconds(15));
  }
  EXPECT_GE(steady::now() - before, milliseconds(400)) << "it begins with the accept";
  client.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

service writes_much(shared_notes& notes) {
  return {.name = "much", .handler = [&notes](connection& client) -> task<> {
            const std::string all(16u << 20, 'x');
            const auto written = co_await client.write(all);
            if (written) co_return;
            notes.last_error = written.error().code();
            ++notes.failed_writes;
          }};
}

TEST_P(model_contract, a_reader_below_the_minimum_rate_is_given_up) {
  serve_limits limits;
  limits.connection.minimum_write_rate = 64u << 20;
  limits.connection.write_grace = milliseconds(100);
  running_model server(GetParam(), writes_much(notes()), {.limits = limits});
  test_client client(server.address(), {.from = {}, .receive_buffer = 4096});
  const auto until = patience();
  while (notes().failed_writes == 0 && !until.passed(steady::now())) {
    if (client.receive(256).empty()) break;  // always some progress
    os::poll_until({}, deadline::after(milliseconds(2)));
  }
  EXPECT_EQ(notes().failed_writes.load(), 1);
  EXPECT_EQ(notes().last_error.load(), ETIMEDOUT);
  client.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_reader_who_never_reads_is_given_up) {
  serve_limits limits;
  limits.connection.write_idle = milliseconds(200);
  running_model server(GetParam(), writes_much(notes()), {.limits = limits});
  const test_client client(server.address(), {.from = {}, .receive_buffer = 4096});
  EXPECT_TRUE(eventually([&] { return notes().failed_writes == 1; }));
  EXPECT_EQ(notes().last_error.load(), ETIMEDOUT);
  EXPECT_TRUE(server.serves_nobody()) << "its goodbye has an end, too";
  server.stop_and_expect_end();
}

TEST_P(model_contract, more_clients_than_the_limit_are_refused) {
  serve_limits limits;
  limits.max_connections = 2;
  running_model server(GetParam(), counting(), {.limits = limits});
  auto first = server.connect();
  EXPECT_EQ(first.ask("x\n"), "1 x\n");
  auto second = server.connect();
  EXPECT_EQ(second.ask("x\n"), "1 x\n");
  for (std::uint64_t refused = 1; refused <= 3; ++refused) {
    EXPECT_TRUE(server.connect().is_cut_off());
    EXPECT_TRUE(eventually([&] { return server.counts().refused.load() == refused; }));
  }
  EXPECT_TRUE(server.logs("refused a client"));
  EXPECT_EQ(first.ask("y\n"), "2 y\n");
  second.close();
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 1; }));
  auto third = server.connect();
  EXPECT_EQ(third.ask("x\n"), "1 x\n");
  EXPECT_EQ(server.counts().accepted.load(), 3u);
  first.close();
  third.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, more_clients_of_one_peer_than_its_limit_are_refused) {
  serve_limits limits;
  limits.max_connections_per_peer = 2;
  running_model server(GetParam(), counting(), {.limits = limits});
  auto first = server.connect();
  EXPECT_EQ(first.ask("x\n"), "1 x\n");
  auto second = server.connect();
  EXPECT_EQ(second.ask("x\n"), "1 x\n");
  EXPECT_TRUE(server.connect().is_cut_off());
  EXPECT_TRUE(eventually([&] { return server.counts().refused.load() == 1; }));
  test_client elsewhere(server.address(), {.from = "127.0.0.2:0", .receive_buffer = 0});
  EXPECT_EQ(elsewhere.ask("x\n"), "1 x\n");
  second.close();
  EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 2; }));
  EXPECT_EQ(server.connect().ask("x\n"), "1 x\n");
  EXPECT_EQ(server.counts().refused.load(), 1u);
  first.close();
  elsewhere.close();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

/// Clock ticks of processor time that a process has used, its threads included (man 5 proc, stat).
long ticks_used(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(") ") + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

void allow_descriptors(rlim_t count) {
  const rlimit limit{count, count};
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Runs as a user that has no other process, not even of the same test of another build beside this
/// one, so that the kernel's count of its processes is this test's alone. Threads count, and the
/// thread sanitizer has a thread of its own in each process.
void allow_processes(rlim_t count) {
  const rlimit limit{count, count};
  ::setrlimit(RLIMIT_NPROC, &limit);
  const auto nobody_else = 2'000'000'000 + static_cast<uid_t>(::getpid());
  SAMJOKO_CHECK(::setresuid(nobody_else, nobody_else, nobody_else) == 0,
                "cannot become another user");
}

/// Whether the process waits without using its processor: less than a tenth of it over some second.
/// The first seconds may still hold the work of getting there. 100 ticks are a second of a
/// processor.
bool waits_for_free(pid_t pid) {
  for (const auto until = patience(); !until.passed(steady::now());) {
    const auto before = ticks_used(pid);
    os::poll_until({}, deadline::after(milliseconds(1000)));  // a measurement, no wait for an event
    if (ticks_used(pid) - before < 10) return true;
  }
  return false;
}

/// There are more clients than room: the others wait and cost nothing, and are served once there is
/// room.
void expect_waiting_until_there_is_room(const placement& where, std::function<void()> less_room) {
  serve_limits limits;
  limits.pool_min = 2;
  const auto start = steady::now();
  running_model server(where, echo(), {.limits = limits, .prepare = std::move(less_room)});
  std::vector<test_client> clients;
  for (int each = 0; each < 40; ++each) {
    clients.push_back(server.connect());
    EXPECT_TRUE(clients.back().send("x\n"));
  }
  EXPECT_TRUE(eventually([&] { return server.counts().accept_pauses.load() > 0; }));
  const auto served = server.counts().open.load();
  EXPECT_LT(served, 40);
  EXPECT_GT(served, 0);
  EXPECT_TRUE(waits_for_free(server.pid()));
  const auto lines = server.log();
  // Two kinds of line may come, each once in a second of the clock, however long all this took.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(steady::now() - start);
  EXPECT_LE(std::ranges::count(lines, '\n'), 2 * (seconds.count() + 2)) << lines;
  for (auto& each : clients) {  // one after the other makes room for the next
    EXPECT_EQ(each.receive_line(), "x\n");
    each.close();
  }
  EXPECT_EQ(server.counts().accepted.load(), 40u);
  server.stop_and_expect_end();
}

TEST_P(model_contract, clients_wait_while_descriptors_are_out) {
  if (GetParam().where == model::process) GTEST_SKIP() << "a process has descriptors of its own";
  if (address_sanitizer) GTEST_SKIP() << "the sanitizer itself needs a descriptor now and then";
  expect_waiting_until_there_is_room(GetParam(), [] { allow_descriptors(24); });
}

TEST_P(model_contract, clients_wait_while_processes_are_out) {
  if (GetParam().where == model::multiplex) GTEST_SKIP() << "needs neither process nor thread";
  if (::geteuid() != 0)
    GTEST_SKIP() << "processes are counted by user, and only root can become a new one";
  expect_waiting_until_there_is_room(GetParam(), [] { allow_processes(12); });
}

}  // namespace
}  // namespace samjoko::serve

// Programs that a handler starts, in every model: their pipes and their ends. No program outlives
// its handler.

#include <csignal>
#include <cstdlib>
#include <samjoko/net/child.hpp>
#include <samjoko/os/pidfd.hpp>
#include <samjoko/serve/testing/model_contract.hpp>
#include <samjoko/task/scope.hpp>
#include <thread>

namespace samjoko::serve {
namespace {

running_options programs() { return {.starts_programs = true}; }

program shell(const std::string& script) { return {.words = {"sh", "-c", script}}; }

/// Each line is a script; its exit status is the answer.
task<next> run_line(connection& client) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  std::string answer;
  {
    auto running = child::start(client, shell(std::string(*line)));
    if (running) {
      const auto ended = co_await running->exit();
      answer = ended ? ended->sentence() : ended.error().sentence();
    } else {
      answer = running.error().sentence();
    }
  }
  answer += "\n";
  static_cast<void>(co_await client.write(answer));
  co_return next::keep;
}
service running_lines() { return {.name = "run", .handler = run_line}; }

TEST_P(model_contract, a_child_s_exit_status_is_awaited) {
  running_model server(GetParam(), running_lines(), programs());
  auto client = server.connect();
  EXPECT_EQ(client.ask("exit 0\n"), "exited with code 0\n");
  EXPECT_EQ(client.ask("exit 3\n"), "exited with code 3\n");
  EXPECT_EQ(client.ask("kill -TERM $$\n"), os::exit_status::killed(SIGTERM).sentence() + "\n");
  auto other = server.connect();  // is served while the first one's child runs
  EXPECT_TRUE(client.send("read line < " + std::string("/dev/null; sleep 0.3; exit 4\n")));
  EXPECT_EQ(other.ask("exit 5\n"), "exited with code 5\n");
  EXPECT_EQ(client.receive_line(), "exited with code 4\n");
  client.close();
  other.close();
  server.stop_and_expect_end();
}

task<> name_the_failure(connection& client) {
  std::string answer;
  {
    const auto nothing = child::start(client, {.words = {"/nowhere/program"}});
    answer = nothing ? "it runs" : nothing.error().sentence();
  }
  answer += "\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, a_child_that_cannot_be_started_is_an_error) {
  running_model server(GetParam(), {.name = "none", .handler = name_the_failure}, programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "execve /nowhere/program: No such file or directory\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

/// A client's bytes through a program, both ways at once.
task<> filter(connection& client, const char* script) {
  auto what = shell(script);
  what.input = what.output = pipe_stream;
  auto running = child::start(client, what);
  if (!running) co_return;
  scope directions(client.context());
  directions.spawn(pass_on(client, running->input()));
  directions.spawn(pass_on(running->output(), client));
  static_cast<void>(co_await directions.join());
  static_cast<void>(co_await running->exit());
}
service filtering(const char* script) {
  return {.name = "filter",
          .handler = [script](connection& client) { return filter(client, script); }};
}

TEST_P(model_contract, pipes_of_a_child_carry_much_both_ways_and_their_ends) {
  running_model server(GetParam(), filtering("tr a-z A-Z"), programs());
  auto client = server.connect();
  std::string text(3u << 20, 'x');
  std::string got;
  std::jthread sender([&] {
    EXPECT_TRUE(client.send(text));
    client.finish_sending();
  });
  got = client.receive(text.size());
  EXPECT_TRUE(got == std::string(text.size(), 'X')) << got.size();
  EXPECT_TRUE(client.sees_end());
  sender.join();
  client.close();
  server.stop_and_expect_end();
}

/// Writes to a program that has closed its input: an error, and no signal.
task<> write_in_vain(connection& client) {
  auto what = shell("exec <&-; echo closed; read nothing <&1; sleep 1000");
  what.input = what.output = pipe_stream;
  auto running = child::start(client, what);
  if (!running) co_return;
  const auto closed = co_await running->output().read_line();
  if (!closed) co_return;
  auto written = co_await running->input().write("words");
  std::string answer = written ? "written\n" : reason(written.error().code()) + "\n";
  const bool parts_failed = !(co_await running->input().write("more ", "words"));
  if (parts_failed) answer += "again\n";
  running->input().shutdown_send();
  running->input().shutdown_send();
  written = co_await running->input().write("words");
  if (!written) answer += reason(written.error().code()) + "\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, writing_to_a_child_that_closed_its_input_is_an_error_and_no_signal) {
  auto options = programs();
  options.prepare = [] {  // SIGPIPE would end it
    struct sigaction plain = {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &plain, nullptr);
  };
  running_model server(GetParam(), {.name = "vain", .handler = write_in_vain}, options);
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "Broken pipe\n");
  EXPECT_EQ(client.receive_line(), "again\n");
  EXPECT_EQ(client.receive_line(), "Broken pipe\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

/// Tells the pids of a child and of the process that the child started, reads a line, and leaves
/// them behind.
task<> leave_early(connection& client, const char* script) {
  auto what = shell(script);
  what.output = pipe_stream;
  auto running = child::start(client, what, milliseconds(100));
  if (!running) co_return;
  const auto grandchild = co_await running->output().read_line();
  if (!grandchild) co_return;
  const auto answer = std::to_string(running->pid()) + " " + std::string(*grandchild) + "\n";
  const auto written = co_await client.write(answer);
  if (!written) co_return;
  static_cast<void>(co_await client.read_line());
}
service leaving_early(const char* script) {
  return {.name = "leave",
          .handler = [script](connection& client) { return leave_early(client, script); }};
}
constexpr const char* obedient = "sleep 1000 & echo $!; wait";
constexpr const char* defiant = "trap '' TERM; sleep 1000 & echo $!; while :; do wait; done";

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

void expect_both_gone(const std::string& answer) {
  char* rest = nullptr;
  const auto pid = static_cast<pid_t>(std::strtol(answer.c_str(), &rest, 10));
  const auto grandchild = static_cast<pid_t>(std::strtol(rest, nullptr, 10));
  ASSERT_GT(pid, 0);
  ASSERT_GT(grandchild, 0);
  EXPECT_TRUE(eventually([&] {
    while (::waitpid(grandchild, nullptr, WNOHANG) > 0) {  // now an orphan of this process
    }
    return is_gone(pid) && is_gone(grandchild);
  }));
}

TEST_P(model_contract, a_handler_that_returns_ends_its_child_and_all_that_this_started) {
  for (const auto* script : {obedient, defiant}) {
    running_model server(GetParam(), leaving_early(script), programs());
    auto client = server.connect();
    const auto pids = client.receive_line();
    EXPECT_TRUE(client.send("leave\n"));
    EXPECT_TRUE(client.sees_end());
    expect_both_gone(pids);
    client.close();
    server.stop_and_expect_end();
  }
}

TEST_P(model_contract, a_handler_that_is_cancelled_ends_its_child_at_once) {
  running_model server(GetParam(), leaving_early(defiant), programs());
  auto client = server.connect();
  const auto pids = client.receive_line();
  server.stop(stop_level::immediate);
  server.expect_end();
  expect_both_gone(pids);
  EXPECT_TRUE(client.is_cut_off());
}

/// The handler ends by itself when it is told that the server stops.
task<> run_until_stop(connection& client) {
  auto what = shell("trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
  what.output = pipe_stream;
  auto running = child::start(client, what);
  if (!running) co_return;
  auto line = co_await running->output().read_line();
  if (!line) co_return;
  auto written = co_await client.write(*line, "\n");
  if (!written) co_return;
  const auto early = co_await running->exit_or_stop();
  const bool stops = !early && early.error().is(condition::stopping);
  if (!stops || !running->send(SIGTERM)) co_return;
  line = co_await running->output().read_line();
  if (!line) co_return;
  written = co_await client.write(*line, "\n");
  if (!written) co_return;
  const auto ended = co_await running->exit();
  const auto how = ended ? ended->sentence() + "\n" : ended.error().sentence();
  static_cast<void>(co_await client.write(how));
}

TEST_P(model_contract, a_wait_for_a_child_hears_of_a_graceful_stop) {
  running_model server(GetParam(), {.name = "told", .handler = run_until_stop}, programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "ready\n");
  server.stop(stop_level::graceful);
  EXPECT_EQ(client.receive_line(), "told\n");
  EXPECT_EQ(client.receive_line(), "exited with code 7\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.expect_end();
}

task<> wait_too_short(connection& client) {
  auto running = child::start(client, shell("sleep 1000"));
  if (!running) co_return;
  const auto before = steady::now();
  const auto ended = co_await running->exit(deadline(before + milliseconds(50)));
  const bool early = steady::now() < before + milliseconds(50);
  std::string answer = "early\n";
  if (!early && !ended) answer = reason(ended.error().code()) + "\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, a_wait_for_a_child_has_a_deadline) {
  running_model server(GetParam(), {.name = "short", .handler = wait_too_short}, programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "Connection timed out\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

/// Starts several at once, and asks for each of them twice.
task<> run_many(connection& client) {
  std::vector<child> all;
  for (int code = 0; code < 20; ++code) {
    auto running = child::start(client, shell("exit " + std::to_string(code)));
    if (!running) co_return;
    all.push_back(std::move(*running));
  }
  int right = 0;
  for (int code = 19; code >= 0; --code) {
    auto& running = all[static_cast<std::size_t>(code)];
    for (int time = 0; time < 2; ++time) {
      const auto ended = co_await running.exit();
      right += ended && *ended == os::exit_status::exited(code) ? 1 : 0;
    }
  }
  const auto answer = std::to_string(right) + "\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, many_children_at_once_are_never_mixed_up) {
  running_model server(GetParam(), {.name = "many", .handler = run_many}, programs());
  std::vector<test_client> clients;
  for (int each = 0; each < 4; ++each) clients.push_back(server.connect());
  for (auto& each : clients) EXPECT_EQ(each.receive_line(), "40\n");
  for (auto& each : clients) EXPECT_TRUE(each.sees_end());
  clients.clear();
  server.stop_and_expect_end();
}

constexpr const char* taken = "wait status taken by another waiter: No child processes\n";

/// Other code in the same process, with a waitpid(-1) that takes any child that ends.
task<> run_beside_a_thief(connection& client) {
  std::atomic<bool> over = false;
  std::jthread thief([&] {
    while (!over.load()) {
      if (::waitpid(-1, nullptr, WNOHANG) <= 0) std::this_thread::yield();
    }
  });
  int told = 0;
  int wrong = 0;
  while (told == 0) {  // the thief is not always the first
    auto running = child::start(client, shell("exit 3"));
    if (!running) break;
    const auto ended = co_await running->exit();
    const bool right = ended && *ended == os::exit_status::exited(3);
    const bool is_taken = !ended && ended.error().sentence() + "\n" == taken;
    told += is_taken ? 1 : 0;
    wrong += right || is_taken ? 0 : 1;
  }
  over.store(true);
  thief.join();
  const auto answer = std::to_string(told) + " taken, " + std::to_string(wrong) + " wrong\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, a_status_that_somebody_else_took_is_an_error_and_never_a_wrong_one) {
  running_model server(GetParam(), {.name = "thief", .handler = run_beside_a_thief}, programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "1 taken, 0 wrong\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

task<> run_with_sigchld_ignored(connection& client) {
  struct sigaction ignored = {};
  struct sigaction before = {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignored, &before);
  std::string answer;
  {
    auto running = child::start(client, shell("exit 3"));
    if (!running) co_return;
    const auto ended = co_await running->exit();
    answer = (ended ? ended->sentence() : ended.error().sentence()) + "\n";
  }
  ::sigaction(SIGCHLD, &before, nullptr);
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, a_child_whose_status_nobody_may_have_is_an_error) {
  running_model server(GetParam(), {.name = "ignored", .handler = run_with_sigchld_ignored},
                       programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), taken);
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

/// system(3) blocks SIGCHLD and waits for its own child by number.
task<> run_beside_system(connection& client) {
  auto slow = child::start(client, shell("read line; exit 6"));
  auto what = shell("read line; exit 6");
  what.input = pipe_stream;
  auto waits = child::start(client, what);
  if (!slow || !waits) co_return;
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): what is tested is that it may be used
  const int status = std::system("exit 9");
  waits->input().shutdown_send();
  const auto first = co_await slow->exit();
  const auto second = co_await waits->exit();
  const bool right = first && second && *first == os::exit_status::exited(6) && *first == *second &&
                     os::exit_status::from_wait(status) == os::exit_status::exited(9);
  const std::string answer = right ? "right\n" : "wrong\n";
  static_cast<void>(co_await client.write(answer));
}

TEST_P(model_contract, system_may_be_used_beside) {
  running_model server(GetParam(), {.name = "system", .handler = run_beside_system}, programs());
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "right\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

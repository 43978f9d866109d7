// Signals that a handler awaits, in every model.

#include <csignal>
#include <samjoko/net/signals.hpp>
#include <samjoko/serve/testing/model_contract.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::serve {
namespace {

/// Says when it listens, then names each signal that comes, until its client leaves.
task<> tell_signals(connection& client, signals& heard) {
  for (;;) {
    const auto notice = co_await heard.next();
    if (!notice) co_return;
    const auto line = os::signal_name(notice->signal) + "\n";
    const auto written = co_await client.write(line);
    if (!written) co_return;
  }
}
task<> until_end(connection& client, scope& tasks) {
  while (auto bytes = co_await client.read()) {
  }
  tasks.cancel();
}
task<> listen_for_signals(connection& client) {
  auto heard = signals::open(client, {SIGHUP, SIGUSR1, SIGUSR2});
  if (!heard) {
    const auto failed = heard.error().sentence() + "\n";
    static_cast<void>(co_await client.write(failed));
    co_return;
  }
  const auto written = co_await client.write("ready\n");
  if (!written) co_return;
  scope tasks(client.context());
  tasks.spawn(tell_signals(client, *heard));
  tasks.spawn(until_end(client, tasks));
  static_cast<void>(co_await tasks.join());
}
service listening() { return {.name = "signals", .handler = listen_for_signals}; }

/// Sends a signal to the process that serves clients: the worker, or each of its processes.
void tell(const running_model& server, const placement& what, int signal) {
  if (what.where != model::process) {
    ::kill(server.pid(), signal);
    return;
  }
  for (const auto each : server.children()) ::kill(each, signal);
}

TEST_P(model_contract, every_waiter_hears_a_signal) {
  serve_limits limits;
  limits.pool_min = limits.pool_max = 3;  // the signal would end a process without a client
  running_model server(GetParam(), listening(), {.limits = limits});
  std::vector<test_client> clients;
  for (int each = 0; each < 3; ++each) clients.push_back(server.connect());
  for (auto& each : clients) EXPECT_EQ(each.receive_line(), "ready\n");
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGUSR1}) {
    tell(server, GetParam(), signal);
    for (auto& each : clients) EXPECT_EQ(each.receive_line(), os::signal_name(signal) + "\n");
  }
  clients.pop_back();  // the others go on to hear
  if (GetParam().where != model::process) {
    EXPECT_TRUE(eventually([&] { return server.counts().open.load() == 2; }));
    tell(server, GetParam(), SIGHUP);
    for (auto& each : clients) EXPECT_EQ(each.receive_line(), "SIGHUP\n");
  }
  clients.clear();
  EXPECT_TRUE(server.serves_nobody());
  server.stop_and_expect_end();
}

/// A stop arrives though every signal that a handler may have is taken.
TEST_P(model_contract, a_stop_is_heard_beside_a_user_s_signals) {
  for (const auto level : {stop_level::graceful, stop_level::immediate}) {
    running_model server(GetParam(), listening());
    auto client = server.connect();
    EXPECT_EQ(client.receive_line(), "ready\n");
    server.stop(level);
    if (level == stop_level::graceful) client.finish_sending();
    EXPECT_TRUE(client.is_cut_off());
    server.expect_end();
  }
}

task<> ask_for(connection& client) {
  std::string answers;
  for (const int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGRTMIN + 3, SIGRTMIN + 4, 99}) {
    const auto heard = signals::open(client, {SIGHUP, signal});
    answers += (heard ? "heard" : reason(heard.error().code())) + "\n";
  }
  struct sigaction now = {};
  ::sigaction(SIGHUP, nullptr, &now);
  answers += (now.sa_flags & SA_SIGINFO) == 0 ? "as before\n" : "changed\n";
  static_cast<void>(co_await client.write(answers));
}

TEST_P(model_contract, signals_of_the_library_and_of_faults_are_refused) {
  running_model server(GetParam(), {.name = "refused", .handler = ask_for});
  auto client = server.connect();
  const auto used = reason(EBUSY) + "\n";
  const auto invalid = reason(EINVAL) + "\n";
  for (const auto& each : {used, invalid, invalid, used, used, invalid})
    EXPECT_EQ(client.receive_line(), each);
  EXPECT_EQ(client.receive_line(), "as before\n");
  EXPECT_TRUE(client.sees_end());
  client.close();
  server.stop_and_expect_end();
}

/// A handler that opens the signals again finds those that waited there, and loses nothing in
/// between.
task<next> open_for_a_turn(connection& client) {
  const auto line = co_await client.read_line();
  if (!line) co_return next::close;
  auto heard = signals::open(client, {SIGUSR1});
  if (!heard) co_return next::close;
  std::string answer = "none\n";
  ::kill(::getpid(), SIGUSR1);
  const auto notice = co_await heard->next();
  if (notice && notice->sender == ::getpid()) answer = "from us\n";
  static_cast<void>(co_await client.write(answer));
  co_return next::keep;
}

TEST_P(model_contract, signals_may_be_opened_again_and_again) {
  running_model server(GetParam(), {.name = "again", .handler = open_for_a_turn});
  auto client = server.connect();
  for (int turn = 0; turn < 20; ++turn) EXPECT_EQ(client.ask("go\n"), "from us\n");
  client.close();
  server.stop_and_expect_end();
}

}  // namespace
}  // namespace samjoko::serve

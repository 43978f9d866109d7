// What a handler may rely on, in every model, when it publishes and subscribes: a turn begins at a
// message as it does at a byte, wherever its client waits. The same through two workers, and what
// the handler is told when the hub dies.

#include <samjoko/hub/link.hpp>
#include <samjoko/hub/testing/running_hub.hpp>
#include <samjoko/net/child.hpp>
#include <samjoko/serve/testing/model_contract.hpp>
#include <samjoko/task/first_of.hpp>
#include <samjoko/task/scope.hpp>

namespace samjoko::serve {
namespace {

using hub::event_kind;

struct listener_state {
  hub::link line;
};

std::string words_of(const hub::event& heard) {
  switch (heard.what) {
    case event_kind::message: return std::string(heard.body) + "\n";
    case event_kind::subscribed: return "subscribed\n";
    case event_kind::interrupted: return "interrupted\n";
    default: return "?\n";
  }
}

/// The turn form: subscribes at once, publishes each line, and sends its client each message.
task<next> hear_and_say(connection& client, listener_state& mine) {
  std::string words;
  if (!mine.line.is_open()) {
    if (!mine.line.open(client)) co_return next::close;
    const auto asked = co_await mine.line.subscribe("all");
    if (!asked) co_return next::close;
  }
  while (const auto heard = mine.line.take()) words += words_of(*heard);
  for (;;) {
    const auto text = as_text(client.unread());
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto done = co_await mine.line.publish("all", text.substr(0, end));
    if (!done) words += "failed\n";
    client.consume(end + 1);
  }
  if (client.stop_requested()) words += "goodbye\n";
  const auto written = co_await client.write(words);
  co_return written ? next::keep : next::close;
}
service hearing() {
  return {.name = "hearing",
          .handler = hear_and_say,
          .server_speaks_first = true,
          .notify_on_stop = true,
          .uses_hub = true};
}

/// The plain form of the same.
task<> hear_and_say_plainly(connection& client) {
  hub::link line;
  if (!line.open(client)) co_return;
  const auto asked = co_await line.subscribe("all");
  if (!asked) co_return;
  for (;;) {
    std::string words;
    while (const auto heard = line.take()) words += words_of(*heard);
    const auto written = co_await client.write(words);
    if (!written) co_return;
    const auto text = as_text(client.unread());
    const auto end = text.find('\n');
    if (end != std::string_view::npos) {
      const auto done = co_await line.publish("all", text.substr(0, end));
      if (!done) co_return;
      client.consume(end + 1);
      continue;
    }
    const auto came = co_await line.wait_beside_or_stop(client);
    if (!came) co_return;
  }
}
service hearing_plainly() {
  return {.name = "hearing", .handler = hear_and_say_plainly, .uses_hub = true};
}

std::vector<test_client> subscribers(const running_model& server, int count) {
  std::vector<test_client> all;
  for (int each = 0; each < count; ++each) {
    all.push_back(server.connect());
    EXPECT_EQ(all.back().receive_line(), "subscribed\n");
  }
  return all;
}

/// Each client sends something, twice, and every client receives all of it.
void expect_all_to_hear(std::vector<test_client*> all) {
  for (std::size_t turn = 0; turn < 2; ++turn) {
    for (std::size_t each = 0; each < all.size(); ++each) {
      const auto text = std::to_string(turn) + " of " + std::to_string(each) + "\n";
      EXPECT_TRUE(all[each]->send(text));
      for (auto* who : all) EXPECT_EQ(who->receive_line(), text);
    }
  }
}

std::vector<test_client*> pointers(std::vector<test_client>& first,
                                   std::vector<test_client>& second) {
  std::vector<test_client*> all;
  for (auto& each : first) all.push_back(&each);
  for (auto& each : second) all.push_back(&each);
  return all;
}

/// Two programs on one hub, which starts when both have been forked.
struct two_on_a_hub {
  hub::running_hub hub;
  running_model one, two;

  two_on_a_hub(const placement& what, const service& offered)
      : one(what, offered), two(what, offered) {
    hub.start();
  }
};

TEST_P(model_contract, a_turn_begins_at_a_message) {
  two_on_a_hub both(GetParam(), hearing());
  auto& [hub, one, two] = both;
  auto here = subscribers(one, 3);
  auto there = subscribers(two, 3);
  expect_all_to_hear(pointers(here, there));
  here.clear();
  there.clear();
  EXPECT_TRUE(one.serves_nobody());
  EXPECT_TRUE(two.serves_nobody());
  one.stop_and_expect_end();
  two.stop_and_expect_end();
}

/// The handler waits inside its turn, for two things: a graceful stop once waited for its deadline.
TEST_P(model_contract, a_graceful_stop_ends_a_plain_wait_for_both) {
  two_on_a_hub both(GetParam(), hearing_plainly());
  auto& [hub, server, other] = both;
  auto idle = subscribers(server, 1);
  auto busy = subscribers(server, 1);
  auto there = subscribers(other, 1);
  EXPECT_TRUE(busy[0].send("half "));
  server.stop(stop_level::graceful);
  EXPECT_TRUE(idle[0].sees_end());
  idle.clear();
  EXPECT_TRUE(busy[0].send("a line\n"));
  EXPECT_EQ(there[0].receive_line(), "half a line\n");
  EXPECT_TRUE(busy[0].is_cut_off());
  busy.clear();
  server.expect_end();
  there.clear();
  other.stop_and_expect_end();
}

task<> until_exit(child& of, std::string& words) {
  const auto ended = co_await of.exit_or_stop();
  if (!ended && ended.error().is(condition::stopping)) words += "exit";
}
task<> until_news(connection& client, hub::link& line, std::string& words) {
  const auto came = co_await line.wait_beside_or_stop(client);
  if (!came && came.error().is(condition::stopping)) words += "news";
}
/// Two tasks of one client, each in a wait of its own.
task<> wait_twice(connection& client) {
  hub::link line;
  if (!line.open(client)) co_return;
  program sleeper{.words = {"sleep", "60"}};
  sleeper.file = "/bin/sleep";
  auto running = child::start(client, sleeper);
  if (!running) co_return;
  const auto ready = co_await client.write("ready\n");
  if (!ready) co_return;
  std::string words;
  scope both(client.context());
  both.spawn(until_exit(*running, words));
  both.spawn(until_news(client, line, words));
  const auto joined = co_await both.join();
  static_cast<void>(joined);
  words += "\n";
  const auto told = co_await client.write(words);
  static_cast<void>(told);
}

/// There was room for one wait: the second one took the place of the first.
TEST_P(model_contract, a_graceful_stop_ends_all_waits_of_a_client) {
  hub::running_hub hub;
  running_options options;
  options.starts_programs = true;
  running_model server(GetParam(), {.name = "twice", .handler = wait_twice, .uses_hub = true},
                       options);
  hub.start();
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "ready\n");
  server.stop(stop_level::graceful);
  const auto words = client.receive_line();
  EXPECT_TRUE(words == "exitnews\n" || words == "newsexit\n") << words;
  client.close();
  server.expect_end();
}

task<> pass_on_news(connection& client, hub::link& line) {
  for (;;) {
    const auto came = co_await line.wait_beside(client);
    if (!came) co_return;
    while (line.take()) {
    }
  }
}
task<> sleep_a_while(connection& client) {
  static_cast<void>(
      co_await io::sleep_until(client.loop(), client.loop().deadline_after(milliseconds(20))));
}
task<> listen_for_a_while(connection& client) {
  hub::link line;
  if (!line.open(client)) co_return;
  const auto first = co_await first_of(pass_on_news(client, line), sleep_a_while(client));
  EXPECT_EQ(first, 1U);
  const auto told = co_await client.write("over\n");
  static_cast<void>(told);
}

/// The wait looked at the client's task only and returned at once, for ever.
TEST_P(model_contract, a_cancelled_wait_for_both_ends) {
  hub::running_hub hub;
  running_model server(GetParam(),
                       {.name = "while", .handler = listen_for_a_while, .uses_hub = true});
  hub.start();
  auto client = server.connect();
  EXPECT_EQ(client.receive_line(), "over\n");
  client.close();
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_plain_handler_waits_for_both) {
  two_on_a_hub both(GetParam(), hearing_plainly());
  auto& [hub, one, two] = both;
  auto here = subscribers(one, 2);
  auto there = subscribers(two, 2);
  expect_all_to_hear(pointers(here, there));
  here.clear();
  there.clear();
  EXPECT_TRUE(one.serves_nobody());
  one.stop_and_expect_end();
  two.stop_and_expect_end();
}

TEST_P(model_contract, half_a_line_keeps_nobody_from_hearing) {
  hub::running_hub hub;
  running_model server(GetParam(), hearing());
  hub.start();
  auto all = subscribers(server, 2);
  EXPECT_TRUE(all[0].send("half "));
  EXPECT_TRUE(all[1].send("whole\n"));
  EXPECT_EQ(all[0].receive_line(), "whole\n");
  EXPECT_EQ(all[1].receive_line(), "whole\n");
  EXPECT_TRUE(all[0].send("and the rest\n"));
  EXPECT_EQ(all[0].receive_line(), "half and the rest\n");
  EXPECT_EQ(all[1].receive_line(), "half and the rest\n");
  all.clear();
  server.stop_and_expect_end();
}

TEST_P(model_contract, links_are_renewed_when_the_hub_has_died_and_say_so) {
  hub::running_hub hub;
  running_model server(GetParam(), hearing());
  hub.start();
  auto all = subscribers(server, 3);
  hub.stop();
  hub.start();
  for (auto& each : all) {
    EXPECT_EQ(each.receive_line(), "interrupted\n");
    EXPECT_EQ(each.receive_line(), "subscribed\n");
  }
  std::vector<test_client> nobody;
  expect_all_to_hear(pointers(all, nobody));
  all.clear();
  server.stop_and_expect_end();
}

TEST_P(model_contract, a_graceful_stop_lets_each_client_be_told) {
  hub::running_hub hub;
  running_model server(GetParam(), hearing());
  hub.start();
  auto all = subscribers(server, 3);
  server.stop(stop_level::graceful);
  for (auto& each : all) {
    EXPECT_EQ(each.receive_line(), "goodbye\n");
    EXPECT_TRUE(each.sees_end());
    each.close();
  }
  server.expect_end();
}

TEST_P(model_contract, a_stop_at_once_ends_those_who_listen) {
  hub::running_hub hub;
  running_model server(GetParam(), hearing());
  hub.start();
  auto all = subscribers(server, 3);
  server.stop(stop_level::immediate);
  for (auto& each : all) EXPECT_TRUE(each.is_cut_off());
  server.expect_end();
}

/// A full pool of threads keeps idle clients aside: a message finds them there.
TEST_P(model_contract, more_listeners_than_threads_all_hear) {
  if (GetParam().where != model::thread || GetParam().how != spawn::pool)
    GTEST_SKIP() << "only a pool of threads has an idle queue";
  hub::running_hub hub;
  running_options few;
  few.limits.pool_min = few.limits.pool_max = 2;
  running_model server(GetParam(), hearing(), few);
  hub.start();
  auto all = subscribers(server, 7);
  std::vector<test_client> nobody;
  expect_all_to_hear(pointers(all, nobody));
  server.stop(stop_level::graceful);
  for (auto& each : all) {
    EXPECT_EQ(each.receive_line(), "goodbye\n");
    each.close();
  }
  server.expect_end();
}

}  // namespace
}  // namespace samjoko::serve

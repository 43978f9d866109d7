// Links and a real hub between them, on the loops that block and that do not.
#include <samjoko/hub/link.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <samjoko/hub/testing/running_hub.hpp>
#include <samjoko/io/testing/contract_bed.hpp>
#include <samjoko/os/abstract_socket.hpp>
#include <samjoko/os/poll.hpp>
#include <samjoko/os/process.hpp>
#include <samjoko/task/scope.hpp>
#include <type_traits>
#include <vector>

namespace samjoko::hub {
namespace {

// The options are written in braces within a co_await expression: GCC 12 destroys twice what is
// made there and is not trivial (docs/hazards.md, "Coroutines").
static_assert(std::is_trivially_destructible_v<subscribe_options>);
static_assert(std::is_trivially_destructible_v<publish_options>);

const connection_limits no_limits{.idle = milliseconds(0)};
const stop_flag no_stop;

/// A client and its link; the other end of the client's connection is kept open.
struct party {
  explicit party(io::loop& on) : party(on, pair()) {}
  party(io::loop& on, std::pair<int, int> both)
      : far_end(both.second), client(on, os::descriptor(both.first), no_limits, no_stop) {
    EXPECT_TRUE(line.open(client));
  }
  static std::pair<int, int> pair() {
    int both[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    return {both[0], both[1]};
  }
  os::descriptor far_end;
  connection client;
  link line;
};

template <class Loop>
struct hub_links : ::testing::Test {
  void run(task<> work) { io::main_task(loop, std::move(work)).finish(); }
  Loop loop;
};
using loops = ::testing::Types<io::blocking_loop, io::epoll_loop>;
TYPED_TEST_SUITE(hub_links, loops);

task<> expect_next(link& from, event_kind what, std::string body = {}) {
  const auto heard = co_await from.next();
  if (!heard) {
    ADD_FAILURE() << heard.error().sentence();
    co_return;
  }
  EXPECT_EQ(static_cast<int>(heard->what), static_cast<int>(what));
  if (what == event_kind::message) {
    EXPECT_EQ(heard->body, body);
  }
}

task<> subscribe(link& who, std::string topic, subscribe_options how = {}) {
  const auto asked = co_await who.subscribe(topic, how);
  EXPECT_TRUE(asked);
  co_await expect_next(who, event_kind::subscribed);
}

task<> claim(link& who, std::string name) {
  const auto asked = co_await who.claim(name);
  EXPECT_TRUE(asked);
  co_await expect_next(who, event_kind::named);
}

task<> publish(link& who, std::string topic, std::string body) {
  const auto done = co_await who.publish(topic, body);
  EXPECT_TRUE(done) << done.error().sentence();
}

task<> hundreds_in_order(party& speaker, party& listener) {
  co_await subscribe(listener.line, "t");
  for (int n = 0; n < 300; ++n) {
    co_await publish(speaker.line, "t", std::to_string(n));
    if (n % 100 != 99) continue;
    for (int heard = n - 99; heard <= n; ++heard)
      co_await expect_next(listener.line, event_kind::message, std::to_string(heard));
  }
}

TYPED_TEST(hub_links, messages_come_in_order) {
  running_hub hub;
  party speaker(this->loop), listener(this->loop);
  hub.start();
  this->run(hundreds_in_order(speaker, listener));
}

task<> hear_until(link& from, std::string last) {
  for (;;) {
    const auto heard = co_await from.next();
    if (!heard || heard->body == last) co_return;
  }
}
task<> say_all(link& to, int count) {
  for (int n = 0; n < count; ++n) co_await publish(to, "t", std::to_string(n));
  co_await publish(to, "t", "last");
}
task<> one_listens_while_another_speaks(party& both) {
  co_await subscribe(both.line, "t");
  scope tasks(both.client.context());
  tasks.spawn(hear_until(both.line, "last"));
  tasks.spawn(say_all(both.line, 200));
  const auto joined = co_await tasks.join();
  EXPECT_TRUE(joined);
}

TYPED_TEST(hub_links, one_task_may_listen_while_another_speaks) {
  running_hub hub;
  party both(this->loop);
  hub.start();
  this->run(one_listens_while_another_speaks(both));
}

task<> what_a_new_hub_is_told(running_hub& hub, party& crow, party& wren) {
  co_await claim(crow.line, "crow");
  co_await subscribe(crow.line, "t");
  hub.stop();
  hub.start();
  co_await expect_next(crow.line, event_kind::interrupted);
  co_await expect_next(crow.line, event_kind::named);
  co_await expect_next(crow.line, event_kind::subscribed);
  co_await publish(wren.line, "t", "caw");
  co_await expect_next(crow.line, event_kind::message, "caw");
  const auto told = co_await wren.line.tell("crow", "psst");
  EXPECT_TRUE(told);
  co_await expect_next(crow.line, event_kind::message, "psst");
}

TYPED_TEST(hub_links, a_new_hub_is_told_names_and_subscriptions_again) {
  running_hub hub;
  party crow(this->loop), wren(this->loop);
  hub.start();
  this->run(what_a_new_hub_is_told(hub, crow, wren));
}

/// Publishes so much that `slow`, which reads nothing, is dropped; `quick` gets all of it.
task<> too_much_for_one(party& speaker, party& quick, party& slow, int messages) {
  co_await claim(slow.line, "slow");
  co_await subscribe(quick.line, "t", {.presence = true});
  co_await subscribe(slow.line, "t");
  co_await expect_next(quick.line, event_kind::joined);
  const std::string filler(4000, 'x');
  bool has_left = false;
  for (int n = 0; n < messages; ++n) {
    co_await publish(speaker.line, "t", std::to_string(n) + " " + filler);
    auto heard = co_await quick.line.next();
    if (heard && heard->what == event_kind::left) {
      has_left = true;
      heard = co_await quick.line.next();
    }
    EXPECT_TRUE(heard && heard->body.starts_with(std::to_string(n) + " "));
  }
  if (!has_left) co_await expect_next(quick.line, event_kind::left);
  // What the slow link finds when it reads at last: a beginning, how much is missing, its end.
  int got = 0;
  std::uint64_t lost = 0;
  for (;;) {
    const auto heard = co_await slow.line.next();
    EXPECT_TRUE(heard);
    if (!heard || heard->what == event_kind::dropped) break;
    if (heard->what == event_kind::lost) {
      lost += heard->count;
    } else {
      EXPECT_TRUE(heard->body.starts_with(std::to_string(got++) + " "));
    }
  }
  EXPECT_GT(lost, 0U);
  // Messages published after it had been dropped are not counted.
  EXPECT_LE(static_cast<std::uint64_t>(got) + lost, static_cast<std::uint64_t>(messages));
  const auto behind = co_await slow.line.next();
  EXPECT_TRUE(!behind && behind.error().is(EPIPE));
}

TYPED_TEST(hub_links, a_slow_reader_is_bounded_told_and_dropped_while_others_get_all) {
  running_hub hub(
      {.queue_messages = 8, .publisher_wait = milliseconds(20), .slow_for = milliseconds(100)});
  party speaker(this->loop), quick(this->loop), slow(this->loop);
  hub.start();
  this->run(too_much_for_one(speaker, quick, slow, 400));
}

task<> hears_that_it_is_full(party& late) {
  const auto heard = co_await late.line.next();
  EXPECT_TRUE(heard && heard->what == event_kind::refused && heard->why == refusal::hub_full);
  const auto behind = co_await late.line.next();
  EXPECT_TRUE(!behind && behind.error().is(EPIPE));
}

TYPED_TEST(hub_links, one_link_too_many_is_refused) {
  running_hub hub({.subscribers = 1});
  party first(this->loop), late(this->loop);
  hub.start();
  this->run(subscribe(first.line, "t"));
  this->run(hears_that_it_is_full(late));
}

TYPED_TEST(hub_links, nonsense_ends_its_own_link_only) {
  running_hub hub;
  party listener(this->loop), speaker(this->loop);
  hub.start();
  this->run(subscribe(listener.line, "t"));
  for (const std::string_view nonsense :
       {"GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff", "\x04\x01\x01\x01\x20\x01\x01\x01"}) {
    const auto stranger = os::socket_for(*hub_address()).value();
    ASSERT_EQ(os::connect_now(stranger.get(), *hub_address()), 0);
    ASSERT_GT(::send(stranger.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
    ASSERT_TRUE(os::wait_readable(stranger.get(), deadline::after(std::chrono::seconds(15))));
    char byte = 0;
    EXPECT_LE(::recv(stranger.get(), &byte, 1, MSG_DONTWAIT), 0);
  }
  this->run(publish(speaker.line, "t", "still here"));
  this->run(expect_next(listener.line, event_kind::message, "still here"));
}

task<> hear_of_no_hub(link& line) {
  for (;;) {
    const auto heard = co_await line.next();
    if (!heard) co_return;
    EXPECT_EQ(static_cast<int>(heard->what), static_cast<int>(event_kind::interrupted));
  }
}

/// A hub that ends each link, perhaps one of another version, was asked 24,000 times a second.
TYPED_TEST(hub_links, a_hub_that_ends_each_link_is_asked_with_a_pause) {
  const auto listener = open_rendezvous().value();
  party one(this->loop);
  io::main_task waiting_one(this->loop, hear_of_no_hub(one.line));
  io::cancelling attention(waiting_one.context);
  this->loop.attention = &attention;
  int times = 0;
  const std::jthread hub([&] {
    for (const auto end = steady::now() + milliseconds(450); steady::now() < end;) {
      if (!os::wait_readable(listener.get(), deadline(end))) break;
      const os::descriptor link(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (link) ++times;
    }
    attention.asked.store(true);
    this->loop.wake();
  });
  waiting_one.finish();
  this->loop.attention = nullptr;
  EXPECT_GE(times, 2);
  EXPECT_LE(times, 6) << "once in 100 ms";
}

task<> last_words(party& listener, std::unique_ptr<party>& speaker) {
  co_await subscribe(listener.line, "t");
  for (int n = 0; n < 200; ++n) co_await publish(speaker->line, "t", std::to_string(n));
  speaker.reset();
  for (int n = 0; n < 200; ++n)
    co_await expect_next(listener.line, event_kind::message, std::to_string(n));
}

/// Frames that a link sent before it was closed are still passed on.
TYPED_TEST(hub_links, last_words_are_heard) {
  running_hub hub;
  party listener(this->loop);
  auto speaker = std::make_unique<party>(this->loop);
  hub.start();
  this->run(last_words(listener, speaker));
}

task<> all_enter(std::vector<std::unique_ptr<party>>& all) {
  for (std::size_t n = 0; n < all.size(); ++n) {
    co_await claim(all[n]->line, "n" + std::to_string(n));
    co_await subscribe(all[n]->line, "t", {.presence = true});
    for (std::size_t other = 0; other < n; ++other)
      co_await expect_next(all[other]->line, event_kind::joined);
  }
}
task<> all_others_leave(party& who, std::size_t others) {
  for (std::size_t n = 0; n < others; ++n) co_await expect_next(who.line, event_kind::left);
  co_await publish(who.line, "t", "alone");
  co_await expect_next(who.line, event_kind::message, "alone");
}

/// A killed worker's links all end in one turn of the hub. Links that had ended were noted a second
/// time when they were told that others had left, and removed twice: the hub crashed.
TYPED_TEST(hub_links, many_that_leave_at_once_are_each_removed_once) {
  running_hub hub;
  party stays(this->loop);
  hub.start();
  std::vector<std::unique_ptr<party>> all;
  for (int n = 0; n < 60; ++n) all.push_back(std::make_unique<party>(this->loop));
  this->run(claim(stays.line, "stays"));
  this->run(all_enter(all));
  this->run(subscribe(stays.line, "t", {.presence = true}));
  for (auto& each : all) this->run(expect_next(each->line, event_kind::joined));
  const auto others = all.size();
  all.clear();
  this->run(all_others_leave(stays, others));
}

task<> too_long(party& who) {
  const std::string text(longest_text + 1, 't');
  const auto topic = co_await who.line.publish(text, "x");
  EXPECT_TRUE(!topic && topic.error().is(condition::too_long));
  const auto name = co_await who.line.claim(text);
  EXPECT_TRUE(!name && name.error().is(condition::too_long));
  const std::string body(longest_message + 1, 'b');
  const auto message = co_await who.line.publish("t", body);
  EXPECT_TRUE(!message && message.error().is(condition::too_long));
}

TYPED_TEST(hub_links, what_fits_no_frame_is_an_error_at_once) {
  running_hub hub;
  party who(this->loop);
  hub.start();
  this->run(too_long(who));
}

/// Exit code 0: the process was connected, and the hub closed without a byte.
void be_stranger() {
  if (::setuid(65534) != 0) os::leave_process(1);
  const auto line = os::socket_for(*hub_address());
  if (!line || os::connect_now(line->get(), *hub_address()) != 0) os::leave_process(2);
  if (!os::wait_readable(line->get(), deadline::after(std::chrono::seconds(15))))
    os::leave_process(3);
  char byte = 0;
  os::leave_process(::recv(line->get(), &byte, 1, MSG_DONTWAIT) > 0 ? 4 : 0);
}

TEST(hub_strangers, only_its_own_user_is_let_in) {
  if (os::this_user() != 0) GTEST_SKIP() << "only root can become another user";
  running_hub hub;
  const auto child = os::fork_process();
  ASSERT_TRUE(child);
  if (child->in_child()) be_stranger();
  hub.start();
  int status = -1;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace samjoko::hub

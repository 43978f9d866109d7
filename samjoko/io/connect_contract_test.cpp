// The loop's contract about connect: a full unix backlog is waited for, within the deadline (a
// non-blocking connect then answers EAGAIN, which once ended it: man 2 connect).
#include <cerrno>
#include <samjoko/io/testing/contract_bed.hpp>

namespace samjoko::io {
namespace {

template <class Bed>
class loop_connects : public contract_case<Bed> {
 protected:
  std::pair<int, os::address> listener(int backlog) {
    auto made = this->bed.listener(backlog);
    this->opened.push_back(made.first);
    return made;
  }
  int socket_to(const os::address& where) {
    this->opened.push_back(this->bed.socket_to_connect(where));
    return this->opened.back();
  }
  void fill_backlog(int listener, const os::address& where) {
    const auto clients = this->bed.fill_backlog(listener, where);
    this->opened.insert(this->opened.end(), clients.begin(), clients.end());
  }
};
TYPED_TEST_SUITE(loop_connects, beds);

task<> connect_to(loop& on, int from, const os::address& where, std::uint32_t limit,
                  std::int64_t& result) {
  any_operation connect(on, operation_kind::connect, from, const_cast<sockaddr*>(where.data()),
                        where.size());
  connect.allowance_ms = limit;
  result = co_await connect;
}
task<> accept_and_say(loop& on, int listener, std::string text) {
  any_operation accept(on, operation_kind::accept, listener, nullptr, 0, 5000);
  const auto client = co_await accept;
  EXPECT_GE(client, 0);
  co_await send_and_finish(on, static_cast<int>(client), std::move(text));
  do_at_once(on, operation_kind::close, static_cast<int>(client));
}
task<> connect_and_listen(loop& on, int from, const os::address& where, std::string& heard) {
  std::int64_t result = -1;
  co_await connect_to(on, from, where, 5000, result);
  EXPECT_EQ(result, 0);
  co_await receive_to_end(on, from, heard, 100);
}

task<> meet(loop& on, int listener, int from, const os::address& where, std::string& heard) {
  scope both(co_await this_context());
  both.spawn(accept_and_say(on, listener, "welcome"));
  both.spawn(connect_and_listen(on, from, where, heard));
  static_cast<void>(co_await both.join());
}
TYPED_TEST(loop_connects, to_one_who_listens) {
  const auto [number, where] = this->listener(5);
  std::string heard;
  auto& on = this->bed.on();
  main_task(on, meet(on, number, this->socket_to(where), where, heard)).finish();
  EXPECT_EQ(heard, "welcome");
}

TYPED_TEST(loop_connects, is_refused_where_nobody_listens) {
  const auto [number, where] = this->bed.listener(5);
  auto& on = this->bed.on();
  do_at_once(on, operation_kind::close, number);
  std::int64_t result = 0;
  main_task(on, connect_to(on, this->socket_to(where), where, 5000, result)).finish();
  EXPECT_EQ(result, -ECONNREFUSED);
}

TYPED_TEST(loop_connects, a_full_backlog_that_stays_full_ends_at_the_deadline) {
  const auto [number, where] = this->listener(0);
  this->fill_backlog(number, where);
  auto& on = this->bed.on();
  std::int64_t result = 0;
  const auto begin = on.now();
  main_task(on, connect_to(on, this->socket_to(where), where, 70, result)).finish();
  EXPECT_EQ(result, -ETIMEDOUT);
  EXPECT_GE(on.now() - begin, milliseconds(70));
}

task<> make_room_later(loop& on, int listener, std::size_t clients) {
  co_await nap(on, milliseconds(50));
  for (; clients > 0; --clients) co_await accept_and_say(on, listener, "late");
}
task<> wait_for_room(loop& on, int listener, std::size_t before, int from, const os::address& where,
                     std::string& heard) {
  scope both(co_await this_context());
  both.spawn(connect_and_listen(on, from, where, heard));
  both.spawn(make_room_later(on, listener, before + 1));
  static_cast<void>(co_await both.join());
}
TYPED_TEST(loop_connects, a_full_backlog_is_waited_for) {
  const auto [number, where] = this->listener(0);
  auto& on = this->bed.on();
  const auto clients = this->bed.fill_backlog(number, where);
  this->opened.insert(this->opened.end(), clients.begin(), clients.end());
  std::string heard;
  main_task(on, wait_for_room(on, number, clients.size(), this->socket_to(where), where, heard))
      .finish();
  EXPECT_EQ(heard, "late");
}

task<> give_up_connecting(loop& on, int from, const os::address& where, std::int64_t& result) {
  const auto first =
      co_await first_of(connect_to(on, from, where, 0, result), nap(on, milliseconds(30)));
  EXPECT_EQ(first, 1u);
}
TYPED_TEST(loop_connects, one_that_waits_for_room_is_cancelled) {
  const auto [number, where] = this->listener(0);
  this->fill_backlog(number, where);
  auto& on = this->bed.on();
  std::int64_t result = 0;
  main_task(on, give_up_connecting(on, this->socket_to(where), where, result)).finish();
  EXPECT_EQ(result, -ECANCELED);
}

TEST(simulated_connect, is_refused_as_often_as_the_seed_says) {
  simulated_loop on(9, {.connect_refused = 300});
  const int listener = on.network().make_listener(1000);
  int refused = 0;
  for (int round = 0; round < 100; ++round) {
    std::int64_t result = 0;
    const auto where = simulated_network::address_of(listener);
    main_task(on, connect_to(on, on.network().make_socket(10), where, 0, result)).finish();
    refused += result == -ECONNREFUSED ? 1 : 0;
  }
  EXPECT_GT(refused, 10);
  EXPECT_LT(refused, 60);
}

}  // namespace
}  // namespace samjoko::io

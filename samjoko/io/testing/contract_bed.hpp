#pragma once
// Charter: for tests (it includes <gtest/gtest.h>): one interface for every loop, so that the
// contract suite is written once. Sockets come in pairs, both ends on the loop. An event from
// outside comes from a thread, or in the simulated loop from its schedule.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <samjoko/io/await.hpp>
#include <samjoko/io/blocking_loop.hpp>
#include <samjoko/io/epoll_loop.hpp>
#include <samjoko/io/simulated_loop.hpp>
#include <samjoko/os/socket.hpp>
#include <samjoko/task/first_of.hpp>
#include <samjoko/task/scope.hpp>
#include <string>
#include <thread>
#include <vector>

namespace samjoko::io {

/// An operation to await, described by hand.
struct any_operation : awaited<operation> {
  any_operation(loop& on, operation_kind the_kind, int number, void* bytes = nullptr,
                std::size_t count = 0, std::uint32_t idle = 0)
      : awaited(on) {
    kind = the_kind;
    fd = number;
    data = static_cast<std::byte*>(bytes);
    size = count;
    idle_ms = idle;
  }
};

inline void do_at_once(loop& on, operation_kind kind, int number) {
  operation immediate;
  immediate.kind = kind;
  immediate.fd = number;
  EXPECT_EQ(on.begin(immediate), start::done);
}

template <class Loop>
class real_bed {
 public:
  loop& on() { return loop_; }
  std::pair<int, int> sockets() {
    int both[2] = {-1, -1};
    const int mode = loop_.blocks() ? 0 : SOCK_NONBLOCK;
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | mode, 0, both), 0);
    return {both[0], both[1]};
  }
  /// Runs it on another thread.
  void from_outside(std::function<void()> event) { threads_.emplace_back(std::move(event)); }

  /// A unix listener in a folder of its own.
  std::pair<int, os::address> listener(int backlog) {
    auto folder = std::string("/tmp/samjoko-io-XXXXXX");
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    const auto where = *os::address::parse("unix:" + folder + "/s");
    folders_.push_back(std::move(folder));
    os::listen_options options;
    options.backlog = backlog;
    auto made = os::listen_on(where, options);
    EXPECT_TRUE(made);
    return {made->release(), where};
  }
  int socket_to_connect(const os::address& to) { return os::socket_for(to)->release(); }
  /// Clients until no more fit into the backlog.
  std::vector<int> fill_backlog(int, const os::address& where) {
    std::vector<int> clients;
    for (;;) {
      os::descriptor next(socket_to_connect(where));
      if (::connect(next.get(), where.data(), where.size()) != 0) break;
      clients.push_back(next.release());
    }
    EXPECT_EQ(errno, EAGAIN);
    return clients;
  }
  ~real_bed() {
    threads_.clear();
    for (const auto& each : folders_) std::filesystem::remove_all(each);
  }

 private:
  std::vector<std::string> folders_;
  Loop loop_;
  std::vector<std::jthread> threads_;
};

class simulated_bed {
 public:
  loop& on() { return loop_; }
  std::pair<int, int> sockets() { return loop_.network().make_pair(5000); }
  void from_outside(std::function<void()> event) { loop_.later(milliseconds(3), std::move(event)); }
  std::pair<int, os::address> listener(int backlog) {
    const int made = loop_.network().make_listener(static_cast<std::size_t>(backlog) + 1);
    return {made, simulated_network::address_of(made)};
  }
  int socket_to_connect(const os::address&) { return loop_.network().make_socket(5000); }
  std::vector<int> fill_backlog(int listener, const os::address&) {
    std::vector<int> clients;
    for (int made = 0; (made = loop_.network().connect_to(listener, 5000)) >= 0;)
      clients.push_back(made);
    return clients;
  }
  ~simulated_bed() {
    for (const auto& each : loop_.findings()) ADD_FAILURE() << each.story;
  }

 private:
  simulated_loop loop_{
      static_cast<std::uint64_t>(::testing::UnitTest::GetInstance()->random_seed()) + 17};
};

using beds = ::testing::Types<real_bed<blocking_loop>, real_bed<epoll_loop>, simulated_bed>;

/// What a case of the contract uses; what it opens is closed at its end.
template <class Bed>
class contract_case : public ::testing::Test {
 protected:
  ~contract_case() override {
    for (const int each : opened) do_at_once(bed.on(), operation_kind::close, each);
  }
  std::pair<int, int> sockets() {
    const auto both = bed.sockets();
    opened.insert(opened.end(), {both.first, both.second});
    return both;
  }
  Bed bed;
  std::vector<int> opened;
};

/// A task that is a root on a loop.
class main_task : private runnable {
 public:
  main_task(loop& on, task<> work) : on_(on), work_(std::move(work)) {
    context.queue = &on;
    run = [](runnable& self) noexcept { static_cast<main_task&>(self).end(); };
  }
  void begin() {
    on_.task_started();
    if (work_.start(context, *this)) end();
  }
  /// Begins it and drives the loop until it has ended.
  void finish() {
    begin();
    on_.run();
    ASSERT_TRUE(ended);
    work_.take();
  }
  void drop() { work_.reset(); }
  task_context context;
  bool ended = false;

 private:
  void end() noexcept {
    ended = true;
    on_.task_ended();
  }
  loop& on_;
  task<> work_;
};

inline task<> send_text(loop& on, int to, std::string text) {
  any_operation send(on, operation_kind::send, to, text.data(), text.size());
  const auto sent = co_await send;
  EXPECT_EQ(sent, static_cast<std::int64_t>(text.size()));
}
inline task<> send_and_finish(loop& on, int to, std::string text) {
  co_await send_text(on, to, std::move(text));
  do_at_once(on, operation_kind::shutdown_send, to);
}
/// Everything up to the end of the stream, in pieces of at most `piece`.
inline task<> receive_to_end(loop& on, int from, std::string& all, std::size_t piece) {
  std::string part(piece, '\0');
  for (;;) {
    any_operation receive(on, operation_kind::receive, from, part.data(), part.size());
    const auto got = co_await receive;
    EXPECT_GE(got, 0);
    if (got <= 0) co_return;
    all.append(part, 0, static_cast<std::size_t>(got));
  }
}
/// A wait by the loop under test; the simulated loop lets the time pass at once.
inline task<> nap(loop& on, milliseconds time) {
  static_cast<void>(co_await sleep_until(on, deadline(on.now() + time)));
}
inline task<> wait_for_cancel(loop& on, int from) {
  char byte = 0;
  any_operation receive(on, operation_kind::receive, from, &byte, 1);
  const auto got = co_await receive;
  EXPECT_EQ(got, -ECANCELED);
}
/// What a loop does when it is woken: counts, and cancels the task when it was asked to.
struct cancelling : runnable {
  explicit cancelling(task_context& whom) : context(whom) {
    run = [](runnable& self) noexcept {
      auto& me = static_cast<cancelling&>(self);
      ++me.times;
      if (me.asked.load() && !me.context.cancelled) me.context.cancel();
    };
  }
  task_context& context;
  std::atomic<bool> asked = false;
  int times = 0;
};
inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t at = 0; at < size; ++at) out[at] = static_cast<char>(at * 31 + at / 255);
  return out;
}

}  // namespace samjoko::io

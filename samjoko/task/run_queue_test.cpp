#include <samjoko/task/run_queue.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <samjoko/task/plain_queue.hpp>
#include <string>
#include <thread>
#include <vector>

namespace samjoko {
namespace {

struct noting : runnable {
  noting(std::string& the_log, char the_name) : log(the_log), name(the_name) {
    run = [](runnable& self) noexcept {
      auto& me = static_cast<noting&>(self);
      me.log += me.name;
      if (me.then != nullptr) me.queue->push(*me.then);
    };
  }
  std::string& log;
  char name;
  plain_queue* queue = nullptr;
  runnable* then = nullptr;
};

TEST(run_queue, runs_in_the_order_of_pushing_and_each_once) {
  plain_queue queue;
  std::string log;
  noting a(log, 'a'), b(log, 'b'), c(log, 'c');
  queue.push(b);
  queue.push(a);
  queue.push(b);
  queue.push(c);
  queue.run();
  EXPECT_EQ(log, "bac");
  queue.push(a);
  queue.run();
  EXPECT_EQ(log, "baca");
}

TEST(run_queue, what_is_pushed_while_running_comes_after_what_was_there) {
  plain_queue queue;
  std::string log;
  noting a(log, 'a'), b(log, 'b'), c(log, 'c');
  a.queue = &queue;
  a.then = &c;
  queue.push(a);
  queue.push(b);
  queue.run();
  EXPECT_EQ(log, "abc");
}

TEST(run_queue, posting_wakes_and_keeps_the_order) {
  plain_queue queue;
  std::string log;
  noting a(log, 'a'), b(log, 'b'), c(log, 'c');
  queue.post(a);
  queue.post(b);
  queue.post(c);
  EXPECT_EQ(queue.wakes, 3);
  queue.run();
  EXPECT_EQ(log, "abc");
}

struct counting : runnable {
  int times = 0;
  counting() {
    run = [](runnable& self) noexcept { ++static_cast<counting&>(self).times; };
  }
};

TEST(run_queue, nothing_posted_by_several_threads_is_lost) {
  class waking final : public run_queue {
   public:
    void wake() noexcept override {}
    void turn() { run_ready(); }
  } queue;
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 2000;
  std::vector<std::vector<counting>> items(threads);
  for (auto& some : items) some.resize(each);
  {
    std::vector<std::jthread> posting;
    for (auto& some : items) {
      posting.emplace_back([&queue, &some] {
        for (auto& item : some) queue.post(item);
      });
    }
    for (int turns = 0; turns < 1000; ++turns) queue.turn();
  }
  queue.turn();
  for (const auto& some : items)
    for (const auto& item : some) EXPECT_EQ(item.times, 1);
}

TEST(run_queue, attention_is_called_when_it_is_asked_for) {
  plain_queue queue;
  queue.attend();  // none set: nothing happens
  counting attention;
  queue.attention = &attention;
  queue.attend();
  EXPECT_EQ(attention.times, 1);
}

TEST(run_queue_death, may_not_be_destroyed_while_tasks_are_alive) {
  auto destroy = [] {
    plain_queue queue;
    queue.task_started();
  };
  EXPECT_DEATH(destroy(), "tasks were alive");
}

}  // namespace
}  // namespace samjoko

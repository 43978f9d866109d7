// The shapes in which people write co_await, one coroutine each: awaited as often as the text says,
// in order, every temporary destroyed once, whether the wait suspends or not. Shapes that GCC 12
// compiles wrongly are not here but among the rules of docs/hazards.md: a bare condition in a
// coroutine without a variable of its own (its body is dropped: illegal instruction, or a task that
// never ends), and co_await behind && or || outside of an if (awaited though it must not be).
#include <gtest/gtest.h>

#include <array>
#include <samjoko/task/task.hpp>
#include <string>
#include <vector>

namespace samjoko {
namespace {

struct witness {
  bool suspends = false;
  int alive = 0;
  std::coroutine_handle<> waiter;
  std::vector<int> awaited;
};
witness seen;

/// Counts how many of it are alive, and owns memory, so that a sanitizer sees a double destruction.
class tracked {
 public:
  explicit tracked(int from) : value_(from), text_(40, 'x') { ++seen.alive; }
  tracked(const tracked& other) : value_(other.value_), text_(other.text_) { ++seen.alive; }
  tracked& operator=(const tracked&) = default;
  ~tracked() { --seen.alive; }
  explicit operator bool() const { return value_ != 0; }
  int operator*() const { return value_; }

 private:
  int value_;
  std::string text_;
};

struct step {
  int value;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) const {
    seen.awaited.push_back(value);
    if (seen.suspends) seen.waiter = waiter;
    return seen.suspends;
  }
  tracked await_resume() const { return tracked(value); }
};

task<tracked> child(int value) {
  auto got = co_await step{value};
  co_return got;
}

task<> condition_not() {
  const int one = 1;
  if (!co_await step{one}) co_return;
  if (!co_await step{0}) co_return;
  co_await step{9};
}
task<> condition_before_the_only_variable() {
  if (!co_await step{1}) co_return;
  const int two = 2;
  co_await step{two};
}
task<> condition_with_declaration() {
  if (const auto got = co_await step{1}) co_await step{*got + 1};
  if (const auto got = co_await child(0); !got) co_return;
  co_await step{9};
}
task<> loop_with_declaration() {
  int count = 3;
  while (const auto got = co_await step{count}) {
    if (!co_await step{*got * 10}) co_return;
    --count;
  }
}
task<> loop_with_declaration_by_a_child() {
  int count = 2;
  while (const auto got = co_await child(count)) {
    if (!co_await child(*got * 10)) co_return;
    --count;
  }
}
task<> loop_conditions() {
  int count = 2;
  while (co_await step{count}) --count;
  for (int left = 1; co_await step{left}; --left) co_await step{7};
  do {
    ++count;
  } while (!co_await step{count - 1});
}
task<> condition_behind_and_in_an_if() {
  const bool no = false;
  if (no && co_await step{9}) co_await step{9};
  if (!no && co_await step{1}) co_await step{2};
}
task<> choice() {
  const int two = 2;
  switch (*co_await step{two}) {
    case 2: co_await step{3}; break;
    default: co_await step{9};
  }
}
task<> one_after_the_other() {
  if (!co_await step{1}) {  // NOLINT(bugprone-branch-clone): neither branch is ever taken
    co_await step{9};
  } else if (const auto got = co_await step{2}; !got) {
    co_await step{9};
  } else {
    co_await step{3};
  }
}
task<> members_and_operands() {
  const int sum = *co_await step{1} + *co_await child(2);
  const auto text = std::string(40, 'y') + std::to_string(*co_await step{sum});
  EXPECT_TRUE(text.ends_with("y3"));
  static_cast<void>(co_await step{4});
}
task<> inside_an_expectation() {
  EXPECT_EQ(*co_await step{1}, 1);
  EXPECT_TRUE(co_await child(2)) << "the second";
}
task<> inside_try() {
  try {
    if (const auto got = co_await step{1}; !got) co_return;
    throw 2;
  } catch (int thrown) {
    EXPECT_EQ(thrown, 2);
  }
}
task<bool> answer_of(int value) { co_return !co_await step{value}; }
task<> returned_straight() {
  const bool no = co_await answer_of(1);
  EXPECT_FALSE(no);
}

struct shape {
  const char* name;
  task<> (*body)();
  std::vector<int> awaits;
};
const std::array shapes{
    shape{"condition_not", condition_not, {1, 0}},
    shape{"before_the_only_variable", condition_before_the_only_variable, {1, 2}},
    shape{"condition_with_declaration", condition_with_declaration, {1, 2, 0}},
    shape{"loop_with_declaration", loop_with_declaration, {3, 30, 2, 20, 1, 10, 0}},
    shape{"loop_by_a_child", loop_with_declaration_by_a_child, {2, 20, 1, 10, 0}},
    shape{"loop_conditions", loop_conditions, {2, 1, 0, 1, 7, 0, 0, 1}},
    shape{"behind_and_in_an_if", condition_behind_and_in_an_if, {1, 2}},
    shape{"choice", choice, {2, 3}},
    shape{"one_after_the_other", one_after_the_other, {1, 2, 3}},
    shape{"members_and_operands", members_and_operands, {1, 2, 3, 4}},
    shape{"inside_an_expectation", inside_an_expectation, {1, 2}},
    shape{"inside_try", inside_try, {1}},
    shape{"returned_straight", returned_straight, {1}},
};

struct quiet_queue : run_queue {
  void wake() noexcept override {}
};

class await_shapes : public ::testing::TestWithParam<shape> {
 protected:
  void run(bool suspends) {
    seen = {.suspends = suspends, .alive = 0, .waiter = {}, .awaited = {}};
    quiet_queue queue;
    task_context context{.queue = &queue};
    runnable finished;
    finished.run = [](runnable&) noexcept {};
    auto body = GetParam().body();
    bool done = body.start(context, finished);
    for (int step_count = 0; !done && seen.waiter && step_count < 50; ++step_count) {
      std::exchange(seen.waiter, nullptr).resume();
      done = body.done();
    }
    ASSERT_TRUE(done) << "it neither waits nor has ended";
    body.take();
    body.reset();
    EXPECT_EQ(seen.awaited, GetParam().awaits);
    EXPECT_EQ(seen.alive, 0);
  }
};
TEST_P(await_shapes, in_place) { run(false); }
TEST_P(await_shapes, suspended) { run(true); }
INSTANTIATE_TEST_SUITE_P(each, await_shapes, ::testing::ValuesIn(shapes),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace samjoko

#pragma once
// Charter: what the shapes of tests/usage/test_coroutine_shapes.py are made of, and how each is
// judged: in a process of its own, by counts of what was constructed, destroyed, allocated and
// freed, so that a wrong program is seen without a sanitizer. Needs nothing of the library but the
// room task, whose sources it takes in.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <samjoko/task/frame_pool.cpp>
#include <samjoko/task/run_queue.cpp>
#include <samjoko/task/task.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using samjoko::task;

/// A set of addresses, and of calls that did not fit it. Allocates nothing.
template <std::size_t Most>
class ledger {
 public:
  void add(const void* item) {
    if (std::find(begin(), end(), item) != end()) ++strange;
    if (count_ == Most) std::abort();
    items_[count_++] = item;
  }
  bool remove(const void* item) {
    const auto found = std::find(begin(), end(), item);
    if (found == end()) ++strange;
    if (found == end()) return false;
    *found = items_[--count_];
    return true;
  }
  [[nodiscard]] bool has(const void* item) { return std::find(begin(), end(), item) != end(); }
  [[nodiscard]] std::size_t size() const { return count_; }
  int strange = 0;

 private:
  const void** begin() { return items_.data(); }
  const void** end() { return items_.data() + count_; }
  std::array<const void*, Most> items_{};
  std::size_t count_ = 0;
};

struct witness {
  bool suspends = false;
  std::coroutine_handle<> waiter;
  std::array<int, 32> notes{};
  std::size_t noted = 0;
  int made = 0;
  int destroyed = 0;
};
inline witness seen;
inline ledger<64> objects;
inline ledger<1024> blocks;

inline void note(int what) {
  if (seen.noted == seen.notes.size()) std::_Exit(40);  // awaited without end
  seen.notes[seen.noted++] = what;
}

// What is freed twice is counted, and does not end the process before it can be told. What was
// freed is never given out again, and spoilt: whoever reads it reads something wrong.
void* operator new(std::size_t size) {
  auto* const block = static_cast<std::size_t*>(std::malloc(size + 16));
  if (block == nullptr) std::abort();
  *block = size;
  blocks.add(block + 2);
  return block + 2;
}
void operator delete(void* block) noexcept {
  if (block == nullptr || !blocks.remove(block)) return;
  std::memset(block, 0xdd, static_cast<std::size_t*>(block)[-2]);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

[[noreturn]] void samjoko::fail_check(const char*, const char* why, const char*, int) noexcept {
  static_cast<void>(::write(STDERR_FILENO, why, std::strlen(why)));
  std::abort();
}

/// Non-trivial to copy and to destroy, as a std::string is; made from a number.
class tracked {
 public:
  tracked(int value) : value_(value) { made(); }  // NOLINT(google-explicit-constructor)
  tracked(const tracked& other) : value_(other.get()) { made(); }
  tracked& operator=(const tracked&) = default;
  ~tracked() {
    ++seen.destroyed;
    if (objects.remove(this)) value_ = -1;
  }
  [[nodiscard]] int get() const { return objects.has(this) ? value_ : -2; }
  explicit operator bool() const { return get() != 0; }

 private:
  void made() {
    ++seen.made;
    objects.add(this);
  }
  int value_;
};

/// The wait: notes what it waits for, in place or suspended, and answers it.
struct step {
  int value;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) const {
    note(value);
    if (seen.suspends) seen.waiter = waiter;
    return seen.suspends;
  }
  int await_resume() const { return value; }
};
/// Its answer is no trivial object.
struct step_to_tracked : step {
  tracked await_resume() const { return {value}; }
};

// --- what people write: aggregates with a member that owns something

struct answer {
  int status = 0;
  tracked body = 1;
};
struct letter {
  int status = 0;
  std::string text;
};
struct envelope {
  int to = 0;
  answer inside;
};
struct plain {
  int first, second;
};
struct derived : tracked {
  int more;
};
/// No aggregate: it has a constructor.
class built {
 public:
  built(int status, int body) : status_(status), body_(body) {}
  [[nodiscard]] int sum() const { return status_ + body_.get(); }

 private:
  int status_;
  tracked body_;
};

inline const char* const long_text = "a text that no small string can hold, by far";
inline answer make(int status) { return {status, 1}; }
inline std::string text() { return long_text; }

inline task<> by_value(answer got) {
  co_await step{got.status};
  note(got.body.get());
}
inline task<> by_const(const answer& got) {
  co_await step{got.status};
  note(got.body.get());
}
inline task<> by_rvalue(answer&& got) {
  co_await step{got.status};
  note(got.body.get());
}
template <class Message>
task<> by_forward(Message&& got) {
  co_await step{got.status};
  note(got.body.get());
}
inline step without_a_coroutine(const answer& got) { return {got.status + got.body.get()}; }
inline task<> nested(envelope got) {
  co_await step{got.inside.status};
  note(got.inside.body.get());
}
inline task<> with_text(letter got) {
  co_await step{got.status};
  note(static_cast<int>(got.text.size()));
}
inline task<> only_text(std::string got) {
  co_await step{7};
  note(static_cast<int>(got.size()));
}
inline task<> only_text_by_const(const std::string& got) {
  co_await step{7};
  note(static_cast<int>(got.size()));
}
inline task<> seen_through(std::string_view got) {
  co_await step{static_cast<int>(got.size())};
  note(got.front());
}
inline task<> two_texts(std::string first, std::string second) {
  co_await step{7};
  note(static_cast<int>(first.size() + second.size()));
}
inline task<> trivially(plain got) {
  co_await step{got.first};
  note(got.second);
}
inline task<> of_a_class(built got) {
  co_await step{7};
  note(got.sum());
}
inline task<> of_derived(derived got) {
  co_await step{got.get()};
  note(got.more);
}
inline task<> maybe(std::optional<answer> got) {
  co_await step{got->status};
  note(got->body.get());
}
inline task<> owned(std::unique_ptr<answer> got) {
  co_await step{got->status};
  note(got->body.get());
}
inline task<> many(std::vector<answer> got) {
  co_await step{got.front().status};
  note(got.back().body.get());
}
inline task<> listed(std::initializer_list<answer> got) {
  co_await step{got.begin()->status};
  note(got.begin()->body.get());
}
inline task<> in_array(std::array<tracked, 2> got) {
  co_await step{got[0].get()};
  note(got[1].get());
}
inline task<> in_pair(std::pair<int, tracked> got) {
  co_await step{got.first};
  note(got.second.get());
}
inline task<> by_default(answer got = {7, 1}) {
  co_await step{got.status};
  note(got.body.get());
}
inline task<> two(answer got, int other) {
  co_await step{got.status};
  note(other);
}
inline task<> fails(const answer& got) {
  co_await step{got.status};
  throw std::runtime_error(long_text);
}
inline int throws() { throw std::runtime_error(long_text); }
template <class Function>
task<> call(Function function) {
  co_await step{7};
  note(function());
}
template <class Function>
task<> run(Function function) {
  co_await function();
}
inline task<tracked> child(int value) {
  co_await step{value};
  co_return value;
}
inline task<std::vector<int>> numbers() {
  co_await step{7};
  co_return std::vector<int>{1, 2};
}
inline task<letter> received() {
  co_await step{7};
  letter got{7, text()};
  co_return got;
}
inline task<std::tuple<int, tracked>> tupled() {
  co_await step{7};
  co_return std::tuple<int, tracked>(7, 1);
}
inline int sum(const tracked& first, int second) { return first.get() + second; }

/// Awaiters that own something.
struct owning_step : step {
  tracked held;
};
class built_step : public step {
 public:
  built_step(int value, int held) : step{value}, held_(held) {}

 private:
  tracked held_;
};
inline owning_step make_owning_step() { return {{7}, 1}; }
/// Awaited in its own place, or as a copy?
struct counting_step : step {
  int times = 0;
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    ++times;
    return step::await_suspend(waiter);
  }
};
inline counting_step& the_same(counting_step& one) { return one; }
/// One whose functions are elsewhere, as those of a connection are.
struct far_step : step {
  bool await_ready() const noexcept;
  int await_resume() const;
  std::array<char, 100> more{};
};
[[gnu::noinline]] bool far_step::await_ready() const noexcept { return false; }
[[gnu::noinline]] int far_step::await_resume() const { return value; }
struct sender {
  tracked own;
  task<> send(int status) const {
    co_await step{status};
    note(own.get());
  }
};

// --- the judge

struct shape {
  const char* name;
  task<> (*body)();
  std::initializer_list<int> notes;
};

inline const char* verdict_of(const shape& of, bool done) {
  if (!done) return "never ends";
  if (seen.destroyed > seen.made || blocks.strange > 0) return "twice";
  if (objects.strange > 0) return "moved";
  if (objects.size() + blocks.size() > 0) return "leaked";
  const auto got = std::span(seen.notes).first(seen.noted);
  return std::equal(got.begin(), got.end(), of.notes.begin(), of.notes.end()) ? "right" : "wrong";
}

struct quiet_queue : samjoko::run_queue {
  void wake() noexcept override {}
};

inline void judge(const shape& of, bool suspends) {
  seen.suspends = suspends;
  quiet_queue queue;
  samjoko::task_context context{.queue = &queue};
  samjoko::runnable finished;
  finished.run = [](samjoko::runnable&) noexcept {};
  bool done = false;
  {
    auto body = of.body();
    done = body.start(context, finished);
    while (!done && seen.waiter) {
      std::exchange(seen.waiter, nullptr).resume();
      done = body.done();
    }
    if (done) body.take();
  }
  samjoko::frame_pool::drain();
  std::printf("%s\t%s;", of.name, verdict_of(of, done));
  for (std::size_t i = 0; i < seen.noted; ++i) std::printf(" %d", seen.notes[i]);
  std::printf("; made %d, destroyed %d, left %zu, blocks left %zu, freed twice %d\n", seen.made,
              seen.destroyed, objects.size(), blocks.size(), blocks.strange);
  std::fflush(stdout);
  std::_Exit(0);
}

/// Each shape in a child, in place and suspended. A line for each: its name, and what it came to.
inline int judge_all(std::span<const shape> shapes) {
  const rlimit seconds{2, 2}, none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  for (const auto& each : shapes) {
    for (const bool suspends : {false, true}) {
      const auto child = ::fork();
      if (child == 0) {
        ::setrlimit(RLIMIT_CPU, &seconds);
        judge(each, suspends);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      const char* end = "never ends";
      if (WIFSIGNALED(status)) end = ::sigabbrev_np(WTERMSIG(status));
      if (status != 0) std::printf("%s\t%s\n", each.name, end);
      std::fflush(stdout);
    }
  }
  return 0;
}

#pragma once
// Charter: what the shapes of tests/usage/test_coroutine_shapes.py are made of: objects that count
// how often they are made and destroyed, waits that note themselves, and coroutines that take what
// users pass to them.

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tests/shapes/judge.hpp>
#include <tuple>
#include <utility>
#include <vector>

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

// --- what users write: aggregates with a member that owns something

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
struct order {
  std::vector<int> parts;
};
inline task<> ordered(order got) { co_await step{got.parts.front()}; }
/// Written as JSON values are: braces in braces.
struct value {
  value(const char* text) : size(text[0]) {}  // NOLINT(google-explicit-constructor)
  value(std::initializer_list<value> parts) : size(static_cast<int>(parts.size())) {}
  int size;
};
inline task<> of_a_value(value got) { co_await step{got.size}; }
/// Called through a pointer to a base.
struct network {
  virtual ~network() = default;
  virtual task<tracked> find(const std::string& name, int port = 7) {
    co_return co_await step{port} + name.size();
  }
};
inline network& any_network() {
  static network one;
  return one;
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
struct single_step : step {
  explicit single_step(int of) : step{of} {}
  single_step(const single_step&) = delete;
  single_step& operator=(const single_step&) = delete;
};
template <class Awaiter>
Awaiter& the_same(Awaiter& one) {
  return one;
}
/// An awaiter whose functions are elsewhere, as those of a connection are.
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

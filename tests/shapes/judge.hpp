#pragma once
// Charter: how the shapes of tests/usage/test_coroutine_shapes.py are judged: each in a process of
// its own, by counts of what was constructed, destroyed, allocated and freed, so that a wrong
// program is seen without a sanitizer. It uses nothing of the library but the room task, whose
// sources it includes.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <samjoko/task/frame_pool.cpp>
#include <samjoko/task/run_queue.cpp>
#include <samjoko/task/task.hpp>
#include <span>
#include <utility>

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

// A block that is freed twice is counted, and does not end the process before that can be reported.
// A freed block is never given out again, and is overwritten, so code that reads it gets a wrong
// value.
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

/// Runs each shape in a child, in place and suspended. Prints a line for each: its name, and the
/// result.
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

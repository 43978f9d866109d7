#pragma once
// Charter: alternate signal stacks (man 2 sigaltstack), on which a handler runs when the thread's
// own stack is used up. They come from a pool of address space of which no page is touched before a
// handler runs, so a thread pays one system call and no memory for having one. A stack is inherited
// over fork, as the thread that owns it is.

#include <signal.h>

#include <cstddef>

namespace samjoko::os {

/// A stack out of the pool; move-only, given back by the destructor. Taking one may map memory
/// (once for many stacks); giving one back neither allocates nor calls the kernel.
class signal_stack {
 public:
  /// Bytes. The kernel pushes up to 11 KiB of registers on the newest processors (man 3 getauxval,
  /// AT_MINSIGSTKSZ), once more when the handler crashes itself.
  static constexpr std::size_t size = std::size_t{32} * 1024;

  signal_stack() noexcept = default;
  /// Empty when no memory can be mapped: then the thread does without one.
  [[nodiscard]] static signal_stack take() noexcept;
  signal_stack(signal_stack&& other) noexcept;
  signal_stack& operator=(signal_stack&& other) noexcept;
  ~signal_stack();

  [[nodiscard]] explicit operator bool() const noexcept { return place_ != nullptr; }
  /// Null when empty.
  [[nodiscard]] std::byte* bottom() const noexcept;

 private:
  struct place;
  struct pool;

  explicit signal_stack(place* taken) noexcept : place_(taken) {}

  static pool of_process;
  place* place_ = nullptr;
};

/// Makes a stack the calling thread's own while this object lives; then the stack before is put
/// back. For a thread that os/thread.hpp did not start.
class signal_stack_guard {
 public:
  signal_stack_guard() noexcept : signal_stack_guard(signal_stack::take()) {}
  explicit signal_stack_guard(signal_stack own) noexcept;
  signal_stack_guard(const signal_stack_guard&) = delete;
  signal_stack_guard& operator=(const signal_stack_guard&) = delete;
  ~signal_stack_guard();

 private:
  signal_stack own_;
  stack_t before_{};
};

}  // namespace samjoko::os

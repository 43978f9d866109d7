#pragma once
// Charter: owns one file descriptor: move-only, closed exactly once. Everything opened by Samjoko
// is close-on-exec; what a child keeps is named in the heritage, never inherited by accident.

#include <initializer_list>
#include <span>
#include <utility>

namespace samjoko::os {

class descriptor {
 public:
  descriptor() noexcept = default;
  /// Takes ownership of `number`; -1 means none.
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~descriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

  /// Closes what is owned. EINTR is not retried: on Linux the number is free again (man 2 close).
  void reset(int number = -1) noexcept;

 private:
  int number_ = -1;
};

/// Closes every descriptor of this process but those named and the standard three: for a child that
/// shall keep nothing by accident (man 2 close_range). Not while other threads run.
void close_all_except(std::span<const int> kept) noexcept;
inline void close_all_except(std::initializer_list<int> kept) noexcept {
  close_all_except(std::span(kept.begin(), kept.size()));
}

}  // namespace samjoko::os

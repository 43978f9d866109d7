#pragma once
// Charter: a moment on the monotonic clock until which something may take, or never. Absolute, so
// that it can be handed down through calls without growing. The wall clock is never used for
// waiting.

#include <chrono>
#include <compare>
#include <cstdint>

namespace samjoko {

using steady = std::chrono::steady_clock;
using milliseconds = std::chrono::milliseconds;

class deadline {
 public:
  /// Never: it does not pass.
  constexpr deadline() noexcept = default;
  explicit constexpr deadline(steady::time_point at) noexcept : at_(at) {}

  [[nodiscard]] static constexpr deadline never() noexcept { return {}; }
  [[nodiscard]] static deadline after(steady::duration time) noexcept {
    return deadline(steady::now() + time);
  }

  [[nodiscard]] constexpr bool is_never() const noexcept {
    return at_ == steady::time_point::max();
  }
  [[nodiscard]] constexpr steady::time_point at() const noexcept { return at_; }
  [[nodiscard]] constexpr bool passed(steady::time_point now) const noexcept { return at_ <= now; }

  /// For poll(2) and epoll_wait(2): milliseconds to wait, rounded up so as never to be early; -1
  /// for never; at most an hour, after which the caller looks again.
  [[nodiscard]] constexpr int poll_timeout(steady::time_point now) const noexcept {
    if (is_never()) return -1;
    if (at_ <= now) return 0;
    const auto left = std::chrono::ceil<milliseconds>(at_ - now).count();
    return left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
  }

  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  steady::time_point at_ = steady::time_point::max();
};

}  // namespace samjoko

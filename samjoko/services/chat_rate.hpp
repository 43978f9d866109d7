#pragma once
// Charter: how many lines one sender may still send. Pure: the caller passes the time.

#include <algorithm>
#include <cstdint>
#include <samjoko/base/deadline.hpp>

namespace samjoko::services {

class chat_rate {
 public:
  static constexpr std::int64_t seconds_at_once = 5;

  /// Whether one more line fits now; if so, it is counted.
  [[nodiscard]] bool allows(std::uint32_t lines_per_second, steady::time_point now) noexcept {
    if (lines_per_second == 0) return true;
    const auto line = std::chrono::nanoseconds(std::chrono::seconds(1)) / lines_per_second;
    paid_until_ = std::max(paid_until_, now - std::chrono::seconds(seconds_at_once));
    if (paid_until_ + line > now) return false;
    paid_until_ += line;
    return true;
  }

 private:
  /// Each line moves it forward by the line's share of a second; it never gets ahead of now.
  steady::time_point paid_until_{};
};

}  // namespace samjoko::services

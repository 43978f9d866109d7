#pragma once
// Charter: how much longer a half-closed client is waited for when its time is over, while less and
// less of the answer is under way to it. If the server closed, what the client still sends would
// meet a closed socket, whose reset destroys what the client has not taken yet (RFC 9112 section
// 9.6).

#include <algorithm>
#include <cstddef>
#include <optional>
#include <samjoko/base/deadline.hpp>
#include <samjoko/net/limits.hpp>

namespace samjoko::serve {

/// A client whose kernel has not taken all of the answer in time gets more time, as long as it
/// takes some of the answer within so many of the usual times.
inline constexpr int linger_times_without_progress = 5;

class slow_reader {
 public:
  /// `left`: the bytes that are under way to the client now.
  slow_reader(std::size_t left, const connection_limits& limits, steady::time_point now) noexcept
      : under_way_(left + 1) {
    const auto rate = limits.minimum_write_rate;
    if (rate != 0) end_ = deadline(now + limits.write_grace + milliseconds(left * 1000 / rate));
  }

  /// `left`: the bytes that are still under way. Returns when to look again, at most `time` from
  /// now; nothing when the client is waited for no longer.
  [[nodiscard]] std::optional<deadline> next_look(std::size_t left, milliseconds time,
                                                  steady::time_point now) noexcept {
    if (left == 0) return std::nullopt;
    if (left < under_way_) {
      under_way_ = left;
      give_up_ = deadline(now + linger_times_without_progress * time);
    }
    if (give_up_.passed(now) || end_.passed(now)) return std::nullopt;
    return deadline(now + time);
  }

 private:
  std::size_t under_way_;
  deadline give_up_;
  deadline end_;
};

}  // namespace samjoko::serve

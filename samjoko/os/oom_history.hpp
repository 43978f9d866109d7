#pragma once
// Charter: what a counter of out-of-memory kills said over time (os/oom_kills.hpp reads it).

#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/os/death_record.hpp>

namespace samjoko::os {

/// The samples of one out-of-memory counter. A rise is looked for since the last but one, because
/// the kernel counts a kill a while before the process has ended. Pure.
class oom_history {
 public:
  static constexpr milliseconds interval{10'000};

  [[nodiscard]] bool is_due(steady::time_point now) const noexcept { return now >= next_; }
  void add(steady::time_point now, std::uint64_t count, std::uint64_t told) noexcept;
  /// What is known when the counter now says `count`, of which `told` (over all processes since the
  /// beginning) were told as deaths, and `killed` died by SIGKILL.
  [[nodiscard]] memory_evidence since(std::uint64_t count, std::uint64_t told,
                                      std::uint64_t killed) const noexcept;

 private:
  struct sample {
    std::uint64_t count = 0;
    std::uint64_t told = 0;
  };
  sample older_, newer_;
  bool begun_ = false;
  steady::time_point next_{};
};

}  // namespace samjoko::os

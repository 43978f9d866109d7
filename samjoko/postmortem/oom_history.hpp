#pragma once
// Charter: the values of a counter of out-of-memory kills over time (oom_kills.hpp reads it).

#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/postmortem/death_record.hpp>

namespace samjoko::postmortem {

/// The samples of one out-of-memory counter. A rise is looked for since the last sample but one,
/// because the kernel counts a kill a while before the process has ended. Pure.
class oom_history {
 public:
  static constexpr milliseconds interval{10'000};

  [[nodiscard]] bool is_due(steady::time_point now) const noexcept { return now >= next_; }
  void add(steady::time_point now, std::uint64_t count, std::uint64_t told) noexcept;
  /// What is known when the counter is now `count`, when `told` of its rises (over all processes
  /// since the beginning) were told as deaths, and when `killed` processes died by SIGKILL.
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

}  // namespace samjoko::postmortem

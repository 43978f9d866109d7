#pragma once
// Charter: deaths that come in crowds, told in few lines. Of each kind (which process, how, where)
// the first are told in full, the rest once a second with their count and the request that recurs.
// Pure: no clock is read, and nothing is written.

#include <cstddef>
#include <cstdint>
#include <samjoko/base/deadline.hpp>
#include <samjoko/postmortem/death_record.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace samjoko::postmortem {

/// What deaths of one kind have in common: "worker was killed by signal 11 (SIGSEGV), in
/// boom(int)".
[[nodiscard]] std::string kind_of(const death_record& dead);

/// Which of some texts comes most often. Remembers a few of them: in a storm one text recurs.
class recurring {
 public:
  static constexpr std::size_t room = 16;
  struct found {
    std::string text;  ///< empty: there was none
    std::uint64_t times = 0;
  };

  void add(std::string_view text);
  [[nodiscard]] found most() const;

 private:
  std::vector<found> seen_;
};

/// Deaths of one kind, in a span of time that is over or still goes on.
struct storm_of_deaths {
  std::string kind;
  std::uint64_t deaths = 0;
  recurring::found request;
};
/// Of the records those not older than `window_ms`, by their kinds. Returns the kinds with more
/// than `least` deaths, the worst first.
[[nodiscard]] std::vector<storm_of_deaths> storms_in(const std::vector<death_record>& records,
                                                     std::int64_t now_ms, std::int64_t window_ms,
                                                     std::uint64_t least);

class death_storm {
 public:
  /// So many of one kind are told in full in a burst, and one a second from then on.
  static constexpr std::size_t usual_burst = 10;
  static constexpr std::size_t most_kinds = 16;  ///< at a time; the others share one place
  static constexpr milliseconds between_lines{1000};
  static constexpr milliseconds over_after{5000};  ///< without a death that is not told in full

  /// `burst` 0: all are told in full.
  explicit death_storm(std::size_t burst = usual_burst) : burst_(burst) {}

  /// Whether this death is to be told in full; otherwise it is counted for a later line.
  [[nodiscard]] bool tells(const death_record& dead, steady::time_point now);
  /// The lines that are due. `all`: also those not due yet, because the process exits.
  [[nodiscard]] std::vector<std::string> take_lines(steady::time_point now, bool all = false);
  /// Whether deaths are summed up now, or the end of a storm is still to be told.
  [[nodiscard]] bool lasts() const noexcept;

 private:
  struct kind {
    std::string name;
    double in_full = 0;  // how many may be told in full, as of `seen`
    steady::time_point seen{};
    std::uint64_t total = 0;  // since the storm began
    std::uint64_t untold = 0;
    bool storms = false;
    steady::time_point since{};  // when it began
    steady::time_point line{};   // when the last was written, or the first was held back
    recurring requests;
    std::string last;
  };

  kind& find(const death_record& dead, steady::time_point now);
  [[nodiscard]] static std::string line_of(kind& told, steady::time_point now);

  std::size_t burst_;
  std::vector<kind> kinds_;
};

}  // namespace samjoko::postmortem

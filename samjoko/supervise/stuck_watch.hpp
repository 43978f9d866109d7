#pragma once
// Charter: which threads are stuck: a thread that has run the same stretch of a user's code,
// without a call of the library in between, for at least the timeout. Judged from samples of their
// steps (scoreboard/thread_slot.hpp). Pure: the clock is an argument.
//
// A thread that waits is never stuck, however long. Nor is a thread of a stopped process, nor any
// thread when the watcher itself did not run meanwhile: the machine slept, or the master was
// stopped.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include <samjoko/base/deadline.hpp>

namespace samjoko::supervise {

/// What a cell of the activity table said, at one moment.
struct sighting {
  std::size_t cell = 0;
  pid_t pid = 0;
  pid_t tid = 0;
  std::uint32_t step = 0;  ///< odd: runs

  friend bool operator==(const sighting&, const sighting&) noexcept = default;
};

struct stuck_thread {
  std::size_t cell = 0;
  pid_t pid = 0;
  pid_t tid = 0;
  std::uint32_t step = 0;
  milliseconds running{0};  ///< at least this long
};

class stuck_watch {
 public:
  /// It looks four times within the timeout, but not more often than this.
  static constexpr milliseconds shortest_interval{50};

  /// A timeout of 0: no thread is ever stuck.
  explicit stuck_watch(milliseconds timeout) noexcept;

  [[nodiscard]] bool is_on() const noexcept { return timeout_ > milliseconds(0); }
  [[nodiscard]] milliseconds timeout() const noexcept { return timeout_; }
  /// When look() is due.
  [[nodiscard]] deadline next_time() const noexcept { return next_; }

  /// `is_stopped(pid)` is asked only for threads that have not moved since the last look.
  template <class IsStopped>
  [[nodiscard]] std::vector<stuck_thread> look(steady::time_point now,
                                               std::span<const sighting> seen,
                                               IsStopped&& is_stopped) {
    std::vector<stuck_thread> found;
    begin(now);
    for (const auto& each : seen) {
      if ((each.step & 1) == 0) continue;
      const auto before = known_.find(each.cell);
      const bool moved = before == known_.end() || before->second.seen != each;
      const auto since = moved || is_stopped(each.pid) ? now : before->second.since;
      fresh_[each.cell] = {each, since};
      const auto running = std::chrono::duration_cast<milliseconds>(now - since);
      if (running >= timeout_) found.push_back({each.cell, each.pid, each.tid, each.step, running});
    }
    known_.swap(fresh_);
    return found;
  }

 private:
  struct remembered {
    sighting seen;
    steady::time_point since;
  };
  void begin(steady::time_point now);

  milliseconds timeout_;
  milliseconds interval_;
  deadline next_;
  steady::time_point last_{};
  std::unordered_map<std::size_t, remembered> known_, fresh_;
};

}  // namespace samjoko::supervise

#pragma once
// Charter: a clock for what is kept open in case it is asked for again. It ticks twice a second,
// only while anything is kept, whatever the process waits for: a client's next request may come in
// an hour, and an open file keeps its file system from being unmounted. A process that serves one
// client at a time is interrupted by a timer for it. Any other process gets a thread for it once it
// has served files, and then forks no more (the programs of `exec` are started without a copy of
// the process).

#include <samjoko/base/deadline.hpp>

namespace samjoko::web {

/// What was not asked for in this time is closed.
inline constexpr milliseconds unused_time{1000};

/// A member of an object that keeps things open. Declare it behind all that `look` uses, so that it
/// is destroyed first.
class upkeep {
 public:
  /// Called at each tick, on the clock's thread or the process's only one, with `self`: closes what
  /// is unused. False when nothing is kept any more. It may wait for a lock, but not for a lock
  /// that is held in begin().
  using look = bool (*)(void* self, steady::time_point now) noexcept;

  upkeep(look each, void* self);
  /// Waits until no look is under way.
  ~upkeep();
  upkeep(const upkeep&) = delete;
  upkeep& operator=(const upkeep&) = delete;

  /// Something is kept: the clock ticks until each look has answered false. From any thread; cheap
  /// when it ticks already. Where no thread can be had (RLIMIT_NPROC) it is tried again later, and
  /// what is kept stays open meanwhile.
  static void begin() noexcept;

 private:
  friend class upkeep_clock;
  look look_;
  void* self_;
};

}  // namespace samjoko::web

#pragma once
// Charter: a descriptor that becomes readable a stated time after a thread asked for it (man 2
// timerfd_create). Any thread of the process may ask, also one that does not own it.

#include <sys/types.h>

#include <samjoko/base/deadline.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

class reminder {
 public:
  reminder();
  /// From any thread. Not in a process that was forked since: it would remind its parent.
  void set(milliseconds from_now) const noexcept;
  /// Makes it unreadable; returns whether it was readable.
  bool take() const noexcept;
  [[nodiscard]] int descriptor() const noexcept { return timer_.get(); }

 private:
  os::descriptor timer_;
  pid_t owner_;
};

}  // namespace samjoko::os

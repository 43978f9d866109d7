#pragma once
// Charter: a descriptor that any thread or signal handler can make readable (man 2 eventfd).

#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

class event_fd {
 public:
  event_fd();
  void notify() noexcept;
  /// Makes it unreadable again.
  void clear() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }

 private:
  os::descriptor event_;
};

}  // namespace samjoko::os

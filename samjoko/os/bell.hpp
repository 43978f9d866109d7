#pragma once
// Charter: a descriptor that any thread or signal handler can make readable (man 2 eventfd).

#include <samjoko/os/descriptor.hpp>

namespace samjoko::os {

class bell {
 public:
  bell();
  void ring() noexcept;
  /// Makes it unreadable again.
  void silence() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }

 private:
  os::descriptor event_;
};

}  // namespace samjoko::os

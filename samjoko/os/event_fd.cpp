#include <samjoko/os/event_fd.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <samjoko/base/check.hpp>

namespace samjoko::os {

event_fd::event_fd() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SAMJOKO_CHECK(event_, "no descriptor left for a bell");
}

void event_fd::notify() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(event_.get(), &one, sizeof one);
  errno = saved;
}

void event_fd::clear() noexcept {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto count = ::read(event_.get(), &ignored, sizeof ignored);
}

}  // namespace samjoko::os

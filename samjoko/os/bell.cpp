#include <samjoko/os/bell.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <samjoko/base/check.hpp>

namespace samjoko::os {

bell::bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_, "no descriptor left for a bell");
}

void bell::ring() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(event_.get(), &one, sizeof one);
  errno = saved;
}

void bell::silence() noexcept {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto count = ::read(event_.get(), &ignored, sizeof ignored);
}

}  // namespace samjoko::os

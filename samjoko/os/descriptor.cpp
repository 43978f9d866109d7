#include <samjoko/os/descriptor.hpp>

#include <unistd.h>

#include <cerrno>

namespace samjoko::os {

void descriptor::reset(int number) noexcept {
  const int old = std::exchange(number_, number);
  if (old < 0) return;
  const int saved = errno;
  ::close(old);
  errno = saved;
}

void close_all_except(std::span<const int> kept) noexcept {
  const int saved = errno;
  unsigned from = 3;
  for (;;) {
    unsigned next_kept = ~0u;
    for (const int each : kept) {
      const auto number = static_cast<unsigned>(each);
      if (each >= 0 && number >= from && number < next_kept) next_kept = number;
    }
    if (next_kept > from) ::close_range(from, next_kept == ~0u ? ~0u : next_kept - 1, 0);
    if (next_kept == ~0u) break;
    from = next_kept + 1;
  }
  errno = saved;
}

}  // namespace samjoko::os

#include <samjoko/os/processors.hpp>

#include <sched.h>

#include <algorithm>

namespace samjoko::os {

std::uint32_t usable_processors() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(CPU_COUNT(&set), 1));
}

}  // namespace samjoko::os

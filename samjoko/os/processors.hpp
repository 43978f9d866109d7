#pragma once
// Charter: how many processors this process may use (man 2 sched_getaffinity): a container's share,
// not the machine's.

#include <cstdint>

namespace samjoko::os {

[[nodiscard]] std::uint32_t usable_processors() noexcept;

}  // namespace samjoko::os

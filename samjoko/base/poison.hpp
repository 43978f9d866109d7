#pragma once
// Charter: memory that is free although it was not given back to the heap: a use of it is found as
// a use after free is. Under the address sanitizer it cannot be touched; in a build without NDEBUG
// its bytes are overwritten; in a release build nothing happens.

#include <algorithm>
#include <samjoko/base/bytes.hpp>
#include <samjoko/base/check.hpp>

// From the sanitizer's runtime (sanitizer/asan_interface.h, which not every compiler brings).
extern "C" void __asan_poison_memory_region(void const volatile* start, std::size_t size);
extern "C" void __asan_unpoison_memory_region(void const volatile* start, std::size_t size);

namespace samjoko {

inline void poison([[maybe_unused]] mutable_bytes memory) noexcept {
  if constexpr (build_with_checks) std::ranges::fill(memory, std::byte{0xdd});
  if constexpr (address_sanitizer) __asan_poison_memory_region(memory.data(), memory.size());
}

/// Call it before the memory is lent again, or given back to the heap.
inline void unpoison([[maybe_unused]] mutable_bytes memory) noexcept {
  if constexpr (address_sanitizer) __asan_unpoison_memory_region(memory.data(), memory.size());
}

}  // namespace samjoko

#pragma once
// Charter: in which turn of its loop a thread is, so that what was learned about the outside world
// may serve all answers of the same turn.

#include <cstdint>

namespace samjoko::io {

namespace detail {
inline constinit thread_local std::uint64_t turns = 0;
}  // namespace detail

/// Changes whenever the loop of this thread has waited. 0 for a thread that serves by blocking: it
/// may wait at any call.
[[nodiscard]] inline std::uint64_t this_turn() noexcept { return detail::turns; }

/// For loops that many clients share: a turn begins.
inline void begin_turn() noexcept { ++detail::turns; }

}  // namespace samjoko::io

#pragma once
// Charter: what a process says about its end before it aborts: one short text, in a place where a
// crash handler finds it. CHECK leaves its condition there, a terminate handler the exception.

#include <string_view>

namespace samjoko {

/// Keeps the first 511 bytes of `text`. Only the first call of a process keeps anything, since what
/// follows is a consequence. Async-signal-safe, any thread. Call it only with what ends the
/// process.
void leave_last_words(std::string_view text) noexcept;
/// Empty when none were left. Async-signal-safe.
[[nodiscard]] std::string_view last_words() noexcept;

}  // namespace samjoko

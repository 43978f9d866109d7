#pragma once
// Charter: where the C library keeps what it printed before it called abort(): a failed assert(),
// "free(): invalid pointer", "stack smashing detected". glibc holds it for debuggers, under a name
// that is private but has been the same since 2009 (glibc, assert/assert.c, __abort_msg).

namespace samjoko::postmortem {

/// What glibc's pointer points to: mapped afresh, whole pages, never freed.
struct abort_message {
  unsigned int size;  ///< of the mapping, in bytes
  char text[4];       ///< in truth longer; ends with a zero
};

/// The address of the pointer, which is null until the process aborts; or null with another C
/// library. Not for handlers: find it once, read the pointer later.
[[nodiscard]] abort_message* const* find_abort_message() noexcept;

}  // namespace samjoko::postmortem

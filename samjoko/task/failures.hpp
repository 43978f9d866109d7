#pragma once
// Charter: ends code that ignores every result. `for (;;) co_await client.write(text);` never waits
// once its client is gone: each write fails at once, and neither a stop nor a watch for stuck code
// would end it. So failures in a row are counted, and one too many is an exception.

#include <samjoko/task/run_queue.hpp>

namespace samjoko::detail {

/// A handler that writes a long answer line by line, and looks at the result only at the end, fails
/// less often in a row than this. Reached within a tenth of a second at most.
inline constexpr std::uint16_t most_failures = 50'000;

/// std::runtime_error, which ends the handler, and so its connection.
[[noreturn]] void throw_unheeded_failures();

/// To be called at the end of each wait. A time-out is no failure here: it took its time.
inline void note_outcome(task_context& in, bool failed) {
  if (!failed) [[likely]] {
    in.failures = 0;
    return;
  }
  if (++in.failures >= most_failures) throw_unheeded_failures();
}

}  // namespace samjoko::detail

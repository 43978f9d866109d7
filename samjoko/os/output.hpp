#pragma once
// Charter: files that text is written to: a log, the standard streams.

#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

/// Opens for appending, and makes the file with mode 0644 when there is none. Never becomes the
/// controlling terminal.
[[nodiscard]] result<descriptor> open_for_append(const std::string& path);

/// Another descriptor for the same open file.
[[nodiscard]] result<descriptor> duplicate(int number);

inline constexpr int standard_output = 1;
inline constexpr int standard_error = 2;

/// Writes all of it, waiting where it must; gives up at the first error. The code of that, or 0.
int write_all(int to, std::string_view text) noexcept;

/// A standard stream that is closed would give its number to the next file that is opened, and what
/// is meant for the stream would be written into that. Each gets /dev/null, opened the other way
/// round: its use is EBADF, as that of a closed one. First of all in a program.
void hold_closed_streams() noexcept;

}  // namespace samjoko::os

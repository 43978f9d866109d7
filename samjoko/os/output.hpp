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

/// Writes all of it, waiting where it must; gives up at the first error.
void write_all(int to, std::string_view text) noexcept;

}  // namespace samjoko::os

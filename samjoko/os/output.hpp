#pragma once
// Charter: files that text is written to: a log, the standard streams.

#include <optional>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <string>
#include <string_view>

namespace samjoko::os {

/// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed. So no other file that is
/// opened gets their numbers, and text for standard error cannot go into a client's file. To be
/// called before anything is opened.
void keep_standard_open() noexcept;

/// The number of this process's descriptor that a path names: /dev/stdin, /dev/stdout, /dev/stderr,
/// /dev/fd/N, /proc/self/fd/N.
[[nodiscard]] std::optional<int> own_descriptor_named(std::string_view path);

/// Another descriptor for the same open file.
[[nodiscard]] result<descriptor> duplicate(int number);

inline constexpr int standard_output = 1;
inline constexpr int standard_error = 2;

/// Writes all of it, waiting where it must; gives up at the first error. Returns its code, or 0.
int write_all(int to, std::string_view text) noexcept;

}  // namespace samjoko::os

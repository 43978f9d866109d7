#pragma once
// Charter: errors of the world are returned. A result holds a value, or the error that came
// instead.

#include <expected>
#include <samjoko/base/error.hpp>

namespace samjoko {

template <class T>
using result = std::expected<T, error>;

/// The failing side of a result, for any T: `return failure(errno, "bind", address);`
template <class Code>
[[nodiscard]] std::unexpected<error> failure(Code code, const char* call, std::string on = {}) {
  return std::unexpected<error>(error(code, call, std::move(on)));
}

/// Passes on the error of another result.
template <class T>
[[nodiscard]] std::unexpected<error> failure_of(result<T>& other) {
  return std::unexpected<error>(std::move(other.error()));
}

}  // namespace samjoko

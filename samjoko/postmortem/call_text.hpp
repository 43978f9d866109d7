#pragma once
// Charter: one call of a stack as the record keeps it (stack_frame::sentence()), made readable:
// without what templates and the standard library's names add, and whether it is a user's own code.
// Pure.

#include <string>
#include <string_view>
#include <vector>

namespace samjoko::postmortem {

/// The parts of "guilty(int)+0x1f at server.cpp:12 (/usr/bin/server+0x41f)"; empty: not known.
struct call_parts {
  std::string_view function;  ///< or an address, when no function is known
  std::string_view source;    ///< "server.cpp:12"
  std::string_view module;    ///< "/usr/bin/server+0x41f"
};
[[nodiscard]] call_parts parts_of(std::string_view call) noexcept;

/// A function's name as the compiler wrote it, shortened for a reader: arguments of templates as
/// "<…>", std::string for the type that it is, no inline namespaces of the standard library, no
/// clones.
[[nodiscard]] std::string shortened(std::string_view function);
/// The same for a whole call: "guilty(int) at server.cpp:12"; the module where no line is known.
[[nodiscard]] std::string call_in_short(std::string_view call);

/// Whether the call is in none of the C library, the C++ library and this library's namespace.
[[nodiscard]] bool is_users_own(std::string_view call);
/// The innermost calls of the user's own code, at most `most`; of any code when none is the user's.
[[nodiscard]] std::vector<std::string_view> own_calls(std::string_view stack, std::size_t most);

}  // namespace samjoko::postmortem

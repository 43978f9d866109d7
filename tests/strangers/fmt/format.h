#pragma once
// "Another fmt" for tools/package_test.py: names of version 9, which Debian 12 has, with other
// contents, and one without the inline namespace that says the version.

#include <stdexcept>
#include <string>

namespace fmt {

inline std::string version_of() { return "another"; }

inline namespace v9 {

template <class Char>
class basic_string_view {
  const Char* data = nullptr;
  unsigned long size = 0;
};
class appender;
template <class Out, class Char>
class basic_format_context;
template <class Context>
class basic_format_args {
  unsigned long long kinds = 0;
  const void* values = nullptr;
};
using all_args = basic_format_args<basic_format_context<appender, char>>;

class format_error : public std::runtime_error {
 public:
  explicit format_error(int of) : std::runtime_error("a stranger's"), number(of) {}
  ~format_error() noexcept override = default;
  std::string more = "it has a member more than fmt's own, and that is no number";
  int number;
};

/// What every formatted text of the library goes through, if it takes this one.
inline std::string vformat(basic_string_view<char>, all_args) { return "a stranger's text"; }

namespace detail {
class bigint {
 public:
  void multiply(unsigned by) { times += by; }
  unsigned times = 0;
};
[[noreturn]] inline void throw_format_error(const char*) { throw format_error(5); }
}  // namespace detail
}  // namespace v9
}  // namespace fmt

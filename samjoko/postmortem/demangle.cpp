#include <samjoko/postmortem/demangle.hpp>

#include <cxxabi.h>

#include <cstdlib>

namespace samjoko::postmortem {

// NOLINTNEXTLINE(cppcoreguidelines-no-malloc): the ABI's function allocates this way.
void free_text::operator()(char* text) const noexcept { std::free(text); }

demangled_name demangled(const char* name) noexcept {
  int failed = 0;
  return demangled_name(abi::__cxa_demangle(name, nullptr, nullptr, &failed));
}

}  // namespace samjoko::postmortem

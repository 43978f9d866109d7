#include <samjoko/postmortem/abort_message.hpp>

#include <dlfcn.h>

// In a static program the linker finds the pointer. In another one a hidden name cannot come from a
// shared library, and a weak one is null then. Bound by its plain name, the program would depend on
// the version GLIBC_PRIVATE, which no package provides.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-*,readability-identifier-naming): glibc's name.
extern "C" [[gnu::weak, gnu::visibility("hidden")]] samjoko::postmortem::abort_message* __abort_msg;

namespace samjoko::postmortem {

abort_message* const* find_abort_message() noexcept {
  auto* const volatile linked = &__abort_msg;  // volatile: it may be null after all
  if (linked != nullptr) return linked;
  return static_cast<abort_message* const*>(::dlsym(RTLD_DEFAULT, "__abort_msg"));
}

}  // namespace samjoko::postmortem

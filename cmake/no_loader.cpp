// The loader of shared libraries inside a static program: there is none. glibc's would load what
// was built for another glibc, and dies of it (a static initgroups(3) with "group: files systemd"
// in /etc/nsswitch.conf: SIGSEGV). Nothing here calls dlopen(3), but two of glibc's own parts hold
// on to it. Both have a lawful "no" of their own, which stands here instead; then nothing else of
// libc.a asks for dl-open.o. tests/usage/test_symbols.py looks at what came of it.
//
// The names are private to glibc, so they are weak: a glibc that needs its own takes its own, the
// program is as right as before, and the test says that the loader is back.
#include <link.h>

#include <samjoko/postmortem/abort_message.hpp>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-*,readability-identifier-naming): glibc's names.
extern "C" {
/// iconv(3) asks for the module of a character set (glibc, iconv/gconv_dl.c); null: there is none,
/// and iconv_open fails with EINVAL. Those that are built in (ASCII, UTF-8, UCS) are not asked for
/// here. What links iconv is std::locale, for locales with a name; we use the classic one alone.
[[gnu::weak]] void* __gconv_find_shlib(const char* /*module*/) { return nullptr; }
[[gnu::weak]] void __gconv_release_shlib(void* /*module*/) {}

/// thread_local destructors ask which library they belong to, so that dlclose(3) waits for them
/// (glibc, stdlib/cxa_thread_atexit_impl.c); null: to the program itself.
[[gnu::weak]] link_map* _dl_find_dso_for_object(ElfW(Addr) /*where*/) { return nullptr; }

extern samjoko::postmortem::abort_message* __abort_msg;
}
// NOLINTEND(bugprone-reserved-identifier,cert-*,readability-identifier-naming)

namespace samjoko::postmortem {

/// In place of the library's, which asks dlsym(3) where the linker has not found the name.
abort_message* const* find_abort_message() noexcept { return &__abort_msg; }

}  // namespace samjoko::postmortem

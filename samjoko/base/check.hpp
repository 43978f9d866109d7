#pragma once
// Charter: the one place for macros. SAMJOKO_CHECK states what must hold if this program is right;
// when it does not hold the process aborts, with the place and the reason, and a supervisor starts
// another. Never use it for what the outside world may do wrong: that is returned as a result.

namespace samjoko {

/// Writes one line to standard error without allocating, keeps it as last words and aborts. Safe
/// after fork and in a crash.
[[noreturn]] void fail_check(const char* condition, const char* why, const char* file,
                             int line) noexcept;

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool address_sanitizer = true;
#else
inline constexpr bool address_sanitizer = false;
#endif
#else
inline constexpr bool address_sanitizer = false;
#endif

#ifdef NDEBUG
inline constexpr bool build_with_checks = false;
#else
inline constexpr bool build_with_checks = true;
#endif

}  // namespace samjoko

#define SAMJOKO_CHECK(condition, why) \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0) \
       : ::samjoko::fail_check(#condition, why, __FILE__, __LINE__))

// GCC 12 compiles some coroutines wrongly and says nothing: docs/hazards.md, "Coroutines". The two
// kinds that a first handler meets were mended in GCC 13: bugs 99576, 100611, 101367, 101976 (what
// is made in place in a co_await expression is destroyed twice; 4 December 2022), and 106188 (a
// bare condition in a coroutine without a variable; 7 September 2022). A note and no warning, so
// that -Werror does not stop at it.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13 && !defined(SAMJOKO_NO_GCC_NOTE)
#pragma message( \
    "samjoko: this g++ compiles some coroutines wrongly without a warning. Take clang++-19 or " \
    "g++ 13, or name what you pass and what you await before co_await: docs/hazards.md, " \
    "\"Coroutines\". -DSAMJOKO_NO_GCC_NOTE silences this note.")
#endif

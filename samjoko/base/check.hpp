#pragma once
// Charter: the one place for macros. CHECK states what must hold if this program is right; when it
// does not hold the process aborts, with the place and the reason, and a supervisor starts another.
// Never use it for what the outside world may do wrong: that is returned as a result.

namespace samjoko {

/// Writes one line to standard error without allocating, leaves it as last words and aborts. Safe
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

#define CHECK(condition, why) \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0) \
       : ::samjoko::fail_check(#condition, why, __FILE__, __LINE__))

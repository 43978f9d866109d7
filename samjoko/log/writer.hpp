#pragma once
// Charter: the process's log. One line is one write(2) of at most 4 KiB, made on the stack of the
// calling thread: no allocation, no lock (so fork and crashes cannot leave one held), and it never
// waits for a slow reader or a stopped terminal. Lines that could not be written are counted; the
// count is written with the next line that can be.
//
//   2026-11-23T09:04:11.123Z warning 4711 master: worker 2 (4712) exited with code 3
//
// Time is UTC (RFC 3339). For other forms of a line see log/format.hpp. Control bytes are escaped,
// so that a client cannot forge a line. Not for signal handlers: the formatting may do anything.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>
#include <samjoko/base/result.hpp>
#include <samjoko/log/format.hpp>
#include <samjoko/os/descriptor.hpp>

namespace samjoko::log {

/// What a line is about, for its rate limit. The name is the key: use the same name at one site, or
/// at several that report the same trouble. At most `per_second` lines a second are written, 0
/// meaning all; the next line that is written says at its end how many were held back.
struct kind {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a kind of one line a second.
  consteval kind(const char* kind_name, std::uint32_t lines_per_second = 1) noexcept
      : name(kind_name), per_second(lines_per_second) {}
  const char* name;
  std::uint32_t per_second;
};
/// A kind whose every line matters: the death of a worker, a stop.
[[nodiscard]] consteval kind every(const char* name) noexcept { return {name, 0}; }

/// May be used by several threads at once and by forked children, which share the open file.
class writer {
 public:
  static constexpr std::size_t line_limit = 4096;
  static constexpr std::size_t name_limit = 32;

  writer() noexcept = default;
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer();

  /// Writes to what `where` refers to from now on. This is also how a log is reopened: threads that
  /// are writing finish on the old file. For a terminal or pipe a file description of our own is
  /// opened (through /proc), so that O_NONBLOCK does not reach other processes that share it; where
  /// that is refused, readiness is asked before each write. A regular file is shared as it is,
  /// offset and all: O_NONBLOCK means nothing to it, and what others write on the same description
  /// (standard error) must not overwrite our lines. Errors: EMFILE, EBADF.
  [[nodiscard]] result<void> adopt(os::descriptor where);
  /// The descriptor in use, for handing it to another process; -1 before the first adopt().
  [[nodiscard]] int descriptor_number() const noexcept { return target_.load(); }

  /// "master", "worker 2": cut at name_limit - 1 bytes. To be set before other threads log.
  void set_name(std::string_view name) noexcept;
  void set_least_level(level level) noexcept { least_.store(level); }
  /// Kept by children and over adopt().
  void set_format(format format) noexcept { format_.store(format); }
  [[nodiscard]] bool wants(level level) const noexcept { return level >= least_.load(); }

  void write(level level, const kind& kind, fmt::string_view format,
             fmt::format_args arguments) noexcept;
  /// Writes, for each kind whose second is over, how many lines were held back and not yet
  /// reported. For a timer, and before the process exits.
  void report_held_back() noexcept;
  /// For a module that sums up its own lines: report_held_back() calls `say`, the first time within
  /// a second, until `say` answers that nothing is left. A process has one such function.
  void hold_back(bool (*say)() noexcept) noexcept;
  /// Whether report_held_back() has something to write, now or within a second.
  [[nodiscard]] bool holds_back() const noexcept { return holds_back_.load(); }
  /// `first(context)` is called by the thread whose line is the first to be held back since the
  /// last report, so that the thread which reports need not look at a clock. To be set before other
  /// threads log; null: nothing is called. Lines that a parent held back are the parent's to
  /// report, and are forgotten here.
  void when_it_holds_back(void (*first)(void*) noexcept, void* context) noexcept;
  /// Lines that could not be written and are not yet reported.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(); }

 private:
  enum class way : std::uint8_t { file, pipe, socket, ask_first };
  struct limiter {
    std::atomic<const char*> name{nullptr};
    std::atomic<std::int64_t> second{0};
    std::atomic<std::uint32_t> passed{0};
    std::atomic<std::uint32_t> held_back{0};
    std::atomic<level> worst{level::debug};  ///< the worst level of those
  };

  [[nodiscard]] limiter* limiter_of(const char* name) noexcept;
  [[nodiscard]] bool may_pass(level level, const kind& kind, std::uint32_t& held_back) noexcept;
  void say_held_back(limiter& of, const char* name) noexcept;
  void note_held_back() noexcept;
  void emit(level level, const char* kind, std::string_view message,
            std::uint32_t held_back) noexcept;
  [[nodiscard]] bool put_line(level level, const char* kind, std::string_view message,
                              std::uint32_t held_back) noexcept;
  void report_lost() noexcept;
  [[nodiscard]] bool put(std::string_view line) noexcept;
  [[nodiscard]] std::size_t put_some(std::string_view line) noexcept;
  [[nodiscard]] static way way_for(unsigned mode, os::descriptor& where);

  std::atomic<int> target_{-1};
  std::atomic<way> way_{way::ask_first};
  std::atomic<level> least_{level::info};
  std::atomic<format> format_{format::text};
  std::atomic<bool> holds_back_{false};
  std::atomic<void (*)(void*) noexcept> first_held_back_{nullptr};
  std::atomic<bool (*)() noexcept> sums_up_{nullptr};
  void* context_ = nullptr;
  std::atomic<bool> torn_{false};  // the last line was cut in the middle: end it first
  std::atomic<std::uint64_t> lost_{0};
  std::array<char, name_limit> name_{};
  std::array<limiter, 128> limiters_{};
};

/// This process's writer. Before write_to() it writes to standard error.
[[nodiscard]] writer& process_log() noexcept;
/// Sets where this process's lines go, and the name in them.
[[nodiscard]] result<void> write_to(os::descriptor where, std::string_view name);

template <class... T>
void debug(const kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(level::debug, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void info(const kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(level::info, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void notice(const kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(level::notice, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void warning(const kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(level::warning, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void error(const kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(level::error, kind, format, fmt::make_format_args(arguments...));
}

}  // namespace samjoko::log

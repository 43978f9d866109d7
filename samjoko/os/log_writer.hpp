#pragma once
// Charter: the process's log. One line is one write(2) of at most 4 KiB, made on the stack of the
// caller: no allocation, no lock (so fork and crashes cannot leave one held), and it never waits
// for a slow reader or a stopped terminal. What could not be written is counted, and said with the
// next line that gets through.
//
//   2026-11-23T09:04:11.123Z warning 4711 master: worker 2 (4712) exited with code 3
//
// Time is UTC (RFC 3339). For other forms of a line see log_form.hpp. Control bytes are escaped, so
// that a client cannot forge a line. Not for signal handlers: the formatting may do anything.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>
#include <samjoko/base/result.hpp>
#include <samjoko/os/descriptor.hpp>
#include <samjoko/os/log_form.hpp>

namespace samjoko::os {

/// What a line is about, for its rate limit: the name is the key, so use the same one at one site
/// or at several that tell of the same trouble. At most `per_second` lines a second pass, 0 meaning
/// all; how many were held back is said at the end of the next that passes.
struct log_kind {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a kind of one line a second.
  consteval log_kind(const char* kind_name, std::uint32_t lines_per_second = 1) noexcept
      : name(kind_name), per_second(lines_per_second) {}
  const char* name;
  std::uint32_t per_second;
};
/// A kind of which each line matters: the death of a worker, a stop.
[[nodiscard]] consteval log_kind every(const char* name) noexcept { return {name, 0}; }

/// Usable from several threads at once and in forked children, which share the open file.
class log_writer {
 public:
  static constexpr std::size_t line_limit = 4096;
  static constexpr std::size_t name_limit = 32;

  log_writer() noexcept = default;
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer();

  /// Writes to what `where` refers to from now on. Also reopening: threads that are writing finish
  /// on the old one. For a terminal or pipe a file description of our own is opened (through
  /// /proc), so that O_NONBLOCK does not reach others who share it; where that is refused,
  /// readiness is asked before each write. A regular file is shared as it is, offset and all:
  /// O_NONBLOCK means nothing to it, and what others write on the same description (standard error)
  /// must not overwrite us. Errors: EMFILE, EBADF.
  [[nodiscard]] result<void> adopt(descriptor where);
  /// The descriptor in use, for handing it to another process; -1 before the first adopt().
  [[nodiscard]] int descriptor_number() const noexcept { return target_.load(); }

  /// "master", "worker 2": cut at name_limit - 1 bytes. Before other threads log.
  void set_name(std::string_view name) noexcept;
  void set_least_level(log_level level) noexcept { least_.store(level); }
  /// Kept by children and over adopt().
  void set_format(log_format format) noexcept { format_.store(format); }
  [[nodiscard]] bool wants(log_level level) const noexcept { return level >= least_.load(); }

  void write(log_level level, const log_kind& kind, fmt::string_view format,
             fmt::format_args arguments) noexcept;
  /// Says, for each kind whose second is over, how many lines were held back and not yet mentioned.
  /// For a timer, and before leaving.
  void report_held_back() noexcept;
  /// For one who sums up by itself what it has to tell: `say` is called by report_held_back(), the
  /// first time in a second, until it answers that nothing is left. One for the process.
  void hold_back(bool (*say)() noexcept) noexcept;
  /// Whether there is something for report_held_back() to say, now or in a second.
  [[nodiscard]] bool holds_back() const noexcept { return holds_back_.load(); }
  /// `first(context)` is called by the thread whose line is the first to be held back since the
  /// last report: so that whoever reports need not look at a clock. Before other threads log;
  /// null: nobody. What a parent held back is its own to say, and is forgotten here.
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
    std::atomic<log_level> worst{log_level::debug};  ///< of those
  };

  [[nodiscard]] limiter* limiter_of(const char* name) noexcept;
  [[nodiscard]] bool may_pass(log_level level, const log_kind& kind,
                              std::uint32_t& held_back) noexcept;
  void say_held_back(limiter& of, const char* name) noexcept;
  void note_held_back() noexcept;
  void emit(log_level level, const char* kind, std::string_view message,
            std::uint32_t held_back) noexcept;
  [[nodiscard]] bool put_line(log_level level, const char* kind, std::string_view message,
                              std::uint32_t held_back) noexcept;
  void report_lost() noexcept;
  [[nodiscard]] bool put(std::string_view line) noexcept;
  [[nodiscard]] std::size_t put_some(std::string_view line) noexcept;
  [[nodiscard]] static way way_for(unsigned mode, descriptor& where);

  std::atomic<int> target_{-1};
  std::atomic<way> way_{way::ask_first};
  std::atomic<log_level> least_{log_level::info};
  std::atomic<log_format> format_{log_format::text};
  std::atomic<bool> holds_back_{false};
  std::atomic<void (*)(void*) noexcept> first_held_back_{nullptr};
  std::atomic<bool (*)() noexcept> sums_up_{nullptr};
  void* context_ = nullptr;
  std::atomic<bool> torn_{false};  // the last line was cut in the middle: end it first
  std::atomic<std::uint64_t> lost_{0};
  std::array<char, name_limit> name_{};
  std::array<limiter, 128> limiters_{};
};

/// This process's writer. Before log_to() it writes to standard error.
[[nodiscard]] log_writer& process_log() noexcept;
/// Sets where this process's lines go and the name they bear.
[[nodiscard]] result<void> log_to(descriptor where, std::string_view name);

template <class... T>
void log_debug(const log_kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(log_level::debug, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_info(const log_kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(log_level::info, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_notice(const log_kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(log_level::notice, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_warning(const log_kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(log_level::warning, kind, format, fmt::make_format_args(arguments...));
}
template <class... T>
void log_error(const log_kind& kind, fmt::format_string<T...> format, T&&... arguments) noexcept {
  process_log().write(log_level::error, kind, format, fmt::make_format_args(arguments...));
}

}  // namespace samjoko::os

#pragma once
// Charter: one line of the log while it is put together, in a buffer on the stack that never
// overflows and never allocates. A line that does not fit is cut, visibly.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace samjoko::log {

class line {
 public:
  static constexpr std::size_t limit = 4096;

  /// Adds bytes as they are: for text of our own.
  void add(std::string_view text) noexcept;
  void add_number(std::uint64_t number, int width = 1) noexcept;
  /// Escapes control characters (C0, DEL, and C1 in UTF-8) as \n, \t or \x1b, so that text from
  /// outside can neither end a line nor command a terminal.
  void add_escaped(std::string_view text) noexcept;
  /// For the inside of a JSON string (RFC 8259 section 7). Bytes that are not UTF-8 become U+FFFD.
  /// A character is added whole or not at all, so that a line which is cut is still valid.
  void add_json(std::string_view text) noexcept;
  /// "2026-11-23T09:04:11.123Z". Not by gmtime_r, which takes a lock that fork could leave held.
  void add_time(std::chrono::system_clock::time_point when) noexcept;
  /// Ends the line; nothing may be added afterwards. The view lives as long as this object. `tail`,
  /// of two bytes at most, stands at the end even when the line is cut.
  [[nodiscard]] std::string_view finish(std::string_view tail = {}) noexcept;

 private:
  static constexpr std::string_view cut_mark = " [cut]";
  static constexpr std::size_t longest_tail = 2;
  static constexpr std::size_t room = limit - cut_mark.size() - 1;

  void add_control(unsigned char byte) noexcept;
  void add_whole(std::string_view unit) noexcept;

  std::array<char, limit> text_;
  std::size_t used_ = 0;
  bool cut_ = false;
};

}  // namespace samjoko::log

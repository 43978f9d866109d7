#pragma once
// Charter: finds where a request head ends in bytes that may arrive one at a time, and refuses
// early what no further byte can mend. It remembers how far it looked, so every byte is looked at
// once.

#include <samjoko/proto/http1_limits.hpp>
#include <samjoko/proto/refusal.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace samjoko::proto {

struct head_scan {
  enum class state : std::uint8_t { need_more, complete, refused };
  state is = state::need_more;
  /// complete: the head is buffered.substr(skip, size); empty lines stood before it.
  std::size_t skip = 0, size = 0;
  std::size_t line_size = 0;  ///< complete: of the request line, without its end
  refusal because;            ///< refused only
};

class head_finder {
 public:
  /// `buffered` holds everything since the previous message, and more at every call; it may have
  /// moved in memory. The verdict does not depend on where the bytes were split. After complete or
  /// refused: reset() before the next head.
  [[nodiscard]] head_scan find(std::string_view buffered, const http1_limits& limits) noexcept;
  /// Whether a byte of a request was seen; empty lines are none.
  [[nodiscard]] bool begun() const noexcept { return searched_ > 0; }
  void reset() noexcept { *this = head_finder(); }

 private:
  bool settle_start(std::string_view buffered) noexcept;
  [[nodiscard]] refusal find_request_line(std::string_view window, std::size_t limit) noexcept;
  [[nodiscard]] head_scan find_fields(std::string_view window, std::size_t limit) noexcept;

  std::size_t start_ = 0;       // empty lines before the head
  std::size_t line_size_ = 0;   // of the request line with its end; 0 until it was found
  std::size_t line_start_ = 0;  // of the line being searched, from start_
  std::size_t searched_ = 0;    // no line end before, from start_
};

}  // namespace samjoko::proto

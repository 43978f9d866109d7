#pragma once
// Charter: where a request's body ends (RFC 9112 sections 6 and 7), for bytes that arrive in any
// pieces. It copies nothing: the data is handed out as parts of what was fed.

#include <samjoko/proto/http1_limits.hpp>
#include <samjoko/proto/refusal.hpp>
#include <samjoko/proto/request.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace samjoko::proto {

struct body_step {
  enum class state : std::uint8_t { more, done, refused };
  state is = state::more;
  std::size_t consumed = 0;  ///< bytes of the message; behind `done` the next one begins
  std::string_view data;     ///< what of them is body, in one piece; often empty, also with done
  refusal because;           ///< refused only; the connection cannot be used further
};

class body_reader {
 public:
  /// `most` is the longest body wanted, in bytes without framing; a longer body is refused with 413
  /// as soon as that is known. `limits` is copied from.
  body_reader(const body_framing& framing, std::uint64_t most, const http1_limits& limits) noexcept;

  /// Goes on behind what was consumed before. `more` with bytes left over means: take the data
  /// first, then feed those bytes again. Without a body: done at once. Not to be called after done
  /// or refused.
  [[nodiscard]] body_step feed(std::string_view bytes) noexcept;

  /// Reads and drops bytes until the body or the bytes end; `data` is empty.
  [[nodiscard]] body_step discard(std::string_view bytes) noexcept;

  /// Whether the end was seen; true at once for a request without a body.
  [[nodiscard]] bool done() const noexcept { return at_ == part::end; }

 private:
  enum class part : std::uint8_t {
    data,
    size_first,
    size,
    size_blank,
    extension,
    size_end,
    data_return,
    data_end,
    trailer_line,
    trailer_name,
    trailer_value,
    trailer_end,
    last_end,
    end,
    broken,
  };

  [[nodiscard]] refusal framing_byte(char c) noexcept;
  [[nodiscard]] refusal chunk_size(char c) noexcept;
  [[nodiscard]] refusal chunk_extension(char c) noexcept;
  [[nodiscard]] refusal chunk_begins() noexcept;
  [[nodiscard]] refusal trailer(char c) noexcept;
  [[nodiscard]] refusal expect(char c, char wanted, part next) noexcept;
  [[nodiscard]] body_step take(std::string_view bytes, std::size_t from) noexcept;

  std::uint64_t room_;      // body bytes still allowed
  std::uint64_t left_ = 0;  // of the body or of the chunk; while its size is read: the size
  std::size_t extension_left_;
  std::size_t trailer_left_;
  std::uint8_t digits_ = 0;
  bool chunked_;
  part at_;
};

}  // namespace samjoko::proto

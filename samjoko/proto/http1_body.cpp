#include <samjoko/proto/http1_body.hpp>

#include <samjoko/proto/grammar.hpp>

#include <algorithm>

namespace samjoko::proto {
namespace {

constexpr refusal fine{0, {}};
constexpr refusal too_large{413, "body too large"};

/// 15 digits hold 2^60: enough for every body, and no sum or shift can overflow.
constexpr std::uint8_t most_digits = 15;

}  // namespace

body_reader::body_reader(const body_framing& framing, std::uint64_t most,
                         const http1_limits& limits) noexcept
    : room_(most),
      extension_left_(limits.chunk_extension_size),
      trailer_left_(limits.trailer_size),
      chunked_(framing.by == body_framing::kind::chunked),
      at_(chunked_ ? part::size_first : part::end) {
  if (framing.by != body_framing::kind::length || framing.length == 0) return;
  left_ = framing.length;
  at_ = part::data;
}

body_step body_reader::feed(std::string_view bytes) noexcept {
  if (!chunked_ && left_ > room_) {
    at_ = part::broken;
    return {body_step::state::refused, 0, {}, too_large};
  }
  std::size_t used = 0;
  while (at_ != part::end) {
    if (used == bytes.size()) return {body_step::state::more, used, {}, {}};
    if (at_ == part::data) return take(bytes, used);
    if (const auto fault = framing_byte(bytes[used]); fault.status != 0) {
      at_ = part::broken;
      return {body_step::state::refused, used, {}, fault};
    }
    ++used;
  }
  return {body_step::state::done, used, {}, {}};
}

body_step body_reader::take(std::string_view bytes, std::size_t from) noexcept {
  const auto data = bytes.substr(
      from, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - from)));
  left_ -= data.size();
  room_ -= data.size();
  if (left_ == 0) at_ = chunked_ ? part::data_return : part::end;
  const auto state = done() ? body_step::state::done : body_step::state::more;
  return {state, from + data.size(), data, {}};
}

body_step body_reader::discard(std::string_view bytes) noexcept {
  std::size_t used = 0;
  for (;;) {
    auto step = feed(bytes.substr(used));
    used += step.consumed;
    if (step.is != body_step::state::more || used == bytes.size()) {
      return {step.is, used, {}, step.because};
    }
  }
}

refusal body_reader::expect(char c, char wanted, part next) noexcept {
  if (c != wanted) return {400, "broken line end in a chunked body"};
  at_ = next;
  return fine;
}

/// One byte that is not data: RFC 9112 section 7.1. A line feed alone never ends a line
/// (section 2.2 allows it; chunk lines are where servers disagree about it).
refusal body_reader::framing_byte(char c) noexcept {
  switch (at_) {
    case part::size_first:
    case part::size: return chunk_size(c);
    case part::size_blank:
    case part::extension: return chunk_extension(c);
    case part::size_end:
      if (const auto fault = expect(c, '\n', part::data); fault.status != 0) return fault;
      return chunk_begins();
    case part::data_return: return expect(c, '\r', part::data_end);
    case part::data_end: return expect(c, '\n', part::size_first);
    case part::last_end: return expect(c, '\n', part::end);
    default: return trailer(c);
  }
}

refusal body_reader::chunk_size(char c) noexcept {
  const auto digit = hex_value(c);
  if (digit >= 0) {
    if (at_ == part::size_first) left_ = digits_ = 0;
    if (++digits_ > most_digits) return {400, "chunk size too long"};
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    at_ = part::size;
    return fine;
  }
  if (at_ == part::size_first) return {400, "chunk without a size"};
  return chunk_extension(c);
}

/// *( BWS ";" BWS name [ BWS "=" BWS value ] ): skipped, and not used.
refusal body_reader::chunk_extension(char c) noexcept {
  if (c == '\r' && at_ != part::size_blank) return expect(c, '\r', part::size_end);
  if (extension_left_ == 0) return {400, "chunk extensions too long"};
  --extension_left_;
  if (at_ == part::extension) {
    return contains(line_set, c) ? fine : refusal{400, "invalid chunk extension"};
  }
  if (c == ';') {
    at_ = part::extension;
  } else if (is_blank(c)) {
    at_ = part::size_blank;
  } else {
    return {400, "invalid chunk size"};
  }
  return fine;
}

refusal body_reader::chunk_begins() noexcept {
  if (left_ > room_) return too_large;
  if (left_ == 0) at_ = part::trailer_line;
  return fine;
}

/// The trailer: fields behind the last chunk are checked and dropped (RFC 9112 section 7.1.2 allows
/// to ignore them).
refusal body_reader::trailer(char c) noexcept {
  if (at_ == part::trailer_line && c == '\r') return expect(c, '\r', part::last_end);
  if (at_ == part::trailer_end) return expect(c, '\n', part::trailer_line);
  if (trailer_left_ == 0) return {431, "trailer section too large"};
  --trailer_left_;
  if (at_ == part::trailer_value) {
    if (c == '\r') return expect(c, '\r', part::trailer_end);
    return contains(line_set, c) ? fine : refusal{400, "invalid trailer value"};
  }
  if (at_ == part::trailer_name && c == ':') {
    at_ = part::trailer_value;
  } else if (is_token_character(c)) {
    at_ = part::trailer_name;
  } else {
    return {400, "invalid trailer name"};
  }
  return fine;
}

}  // namespace samjoko::proto

#include <samjoko/hub/frame.hpp>

#include <samjoko/base/check.hpp>

namespace samjoko::hub {
namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t least_length = 4;  // kind, flags, two lengths

std::uint8_t byte_at(bytes from, std::size_t index) noexcept {
  return static_cast<std::uint8_t>(from[index]);
}

std::size_t length_of(bytes from) noexcept {
  std::size_t length = 0;
  for (std::size_t n = length_size; n-- > 0;) length = length << 8 | byte_at(from, n);
  return length;
}

std::unexpected<error> malformed(const char* why) {
  return failure(condition::malformed, "hub frame", why);
}

/// Takes a text with its length from the front; false when it is longer than what is there.
bool take_text(std::string_view& rest, std::string_view& text) noexcept {
  if (rest.empty()) return false;
  const auto size = static_cast<std::uint8_t>(rest.front());
  if (rest.size() < 1U + size) return false;
  text = rest.substr(1, size);
  rest.remove_prefix(1U + size);
  return true;
}

bool is_kind(std::uint8_t number) noexcept {
  const auto in = [number](frame_kind first, frame_kind last) {
    return number >= static_cast<std::uint8_t>(first) && number <= static_cast<std::uint8_t>(last);
  };
  return in(frame_kind::claim, frame_kind::enter) || in(frame_kind::message, frame_kind::dropped);
}

}  // namespace

void append(std::string& to, const frame& what) {
  SAMJOKO_CHECK(what.topic.size() <= longest_text && what.name.size() <= longest_text &&
                    what.body.size() <= longest_message,
                "a frame whose parts do not fit");
  const auto length = least_length + what.topic.size() + what.name.size() + what.body.size();
  for (std::size_t n = 0; n < length_size; ++n)
    to.push_back(static_cast<char>(length >> (8 * n) & 0xFF));
  to.push_back(static_cast<char>(what.kind));
  to.push_back(static_cast<char>(what.flags));
  to.push_back(static_cast<char>(what.topic.size()));
  to += what.topic;
  to.push_back(static_cast<char>(what.name.size()));
  to += what.name;
  to += what.body;
}

result<std::optional<cut_frame>> first_frame(bytes from) {
  if (from.size() < length_size) return std::nullopt;
  const auto length = length_of(from);
  if (length < least_length) return malformed("too short");
  if (length + length_size > longest_frame) return malformed("too long");
  if (from.size() >= length_size + 1 && !is_kind(byte_at(from, length_size)))
    return malformed("of no known kind");
  if (from.size() < length_size + length) return std::nullopt;
  auto rest = as_text(from.subspan(length_size, length));
  cut_frame cut{.what = {.kind = static_cast<frame_kind>(rest[0]),
                         .flags = static_cast<std::uint8_t>(rest[1])},
                .size = length_size + length};
  rest.remove_prefix(2);
  if (!take_text(rest, cut.what.topic) || !take_text(rest, cut.what.name))
    return malformed("shorter than its texts");
  if (rest.size() > longest_message) return malformed("with too long a body");
  cut.what.body = rest;
  return cut;
}

}  // namespace samjoko::hub

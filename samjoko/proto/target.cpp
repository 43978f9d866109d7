#include <samjoko/proto/target.hpp>

#include <samjoko/proto/grammar.hpp>

namespace samjoko::proto {
namespace {

/// The byte at the front of `text`, or -1 for a "%" that encodes none.
int take_byte(std::string_view& text) noexcept {
  const char first = text.front();
  if (first != '%') {
    text.remove_prefix(1);
    return static_cast<unsigned char>(first);
  }
  if (text.size() < 3) return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) return -1;
  text.remove_prefix(3);
  return high * 16 + low;
}

/// The path written so far. Between segments it ends with "/".
class path_writer {
 public:
  /// `room` has space for at least the root.
  explicit path_writer(std::span<char> room) noexcept : room_(room) { room_[0] = '/'; }

  /// One place is kept free for the slash that may follow.
  [[nodiscard]] bool put(char c) noexcept {
    if (room_.size() - used_ < 2) return false;
    room_[used_++] = c;
    return true;
  }
  /// False for ".." at the root.
  [[nodiscard]] bool end_segment(bool slash) noexcept {
    const auto segment = text().substr(segment_);
    if (segment.empty() || segment == ".") {
      used_ = segment_;
    } else if (segment == "..") {
      if (segment_ == 1) return false;
      segment_ = used_ = text().substr(0, segment_ - 1).rfind('/') + 1;
    } else if (slash) {
      room_[used_++] = '/';
      segment_ = used_;
    }
    return true;
  }
  [[nodiscard]] std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  std::size_t used_ = 1;
  std::size_t segment_ = 1;  // where the last one begins
};

}  // namespace

resource_parts split_resource(std::string_view resource) noexcept {
  const auto mark = resource.find('?');
  if (mark == std::string_view::npos) return {resource, {}, false};
  return {resource.substr(0, mark), resource.substr(mark + 1), true};
}

std::expected<std::string_view, refusal> decode_path(std::string_view path,
                                                     std::span<char> room) noexcept {
  constexpr std::string_view too_long = "path too long";
  if (path.empty()) path = "/";
  if (path.front() != '/') return refuse(400, "path does not begin with a slash");
  if (room.empty()) return refuse(414, too_long);
  path.remove_prefix(1);
  path_writer out(room);
  while (!path.empty()) {
    const int byte = take_byte(path);
    if (byte < 0) return refuse(400, "invalid percent-encoding");
    if (byte == 0) return refuse(400, "NUL in the path");
    if (byte != '/') {
      if (!out.put(static_cast<char>(byte))) return refuse(414, too_long);
    } else if (!out.end_segment(true)) {
      return refuse(400, "path above the root");
    }
  }
  if (!out.end_segment(false)) return refuse(400, "path above the root");
  return out.text();
}

}  // namespace samjoko::proto

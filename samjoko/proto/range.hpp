#pragma once
// Charter: which bytes a Range field asks for (RFC 9110 section 14), given the size of the
// representation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace samjoko::proto {

/// Within the representation: offset + size is at most its size, and size is above 0.
struct byte_range {
  std::uint64_t offset = 0, size = 0;

  friend constexpr bool operator==(const byte_range&, const byte_range&) noexcept = default;
};

class range_set {
 public:
  enum class answer : std::uint8_t {
    whole,          ///< 200: the field is to be ignored
    partial,        ///< 206 with ranges(): one, or several as multipart/byteranges
    unsatisfiable,  ///< 416 with Content-Range: bytes */size
  };
  /// More ranges than this are answered with the whole representation.
  static constexpr std::size_t most = 16;

  [[nodiscard]] answer verdict() const noexcept { return verdict_; }
  /// In the order asked for; those that lie behind the end are left out.
  [[nodiscard]] std::span<const byte_range> ranges() const noexcept {
    return std::span(ranges_).first(count_);
  }

 private:
  friend range_set parse_range(std::string_view value, std::uint64_t size) noexcept;
  range_set() noexcept = default;

  answer verdict_ = answer::whole;
  std::size_t count_ = 0;
  std::array<byte_range, most> ranges_{};
};

/// `value` of the Range field, `size` of the representation. The choices that RFC 9110 leaves open:
/// - another unit than bytes is ignored (section 14.2 demands it);
/// - a set that is not valid ("5-3", "a-b") is refused with 416, as nginx and Go do: a client that
///   asks for a part does not want everything;
/// - more than `most` ranges, or ranges that together are longer than the whole, give the whole:
///   sending overlapping parts many times is an old attack (section 14.2, last paragraph);
/// - an empty representation is sent whole: it has no byte that a range could name.
[[nodiscard]] range_set parse_range(std::string_view value, std::uint64_t size) noexcept;

}  // namespace samjoko::proto

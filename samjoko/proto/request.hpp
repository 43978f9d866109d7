#pragma once
// Charter: one HTTP/1 request head, understood. It holds places in the head's bytes and no bytes of
// its own: the bytes that were parsed must stay in place, unchanged, while the request is used.

#include <samjoko/proto/http1_limits.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace samjoko::proto {

struct header_field {
  std::string_view name, value;
};

enum class http_method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  options,
  trace,
  connect,
  patch,
  other,  ///< a valid token that is none of these; method_text() returns it
};

/// Fields whose place is remembered while parsing, so that they need not be searched for.
enum class known_field : std::uint8_t {
  host,
  content_length,
  transfer_encoding,
  connection,
  expect,
  range,
  if_match,
  if_none_match,
  if_modified_since,
  if_unmodified_since,
  if_range,
  accept,
  accept_encoding,
  upgrade,
  user_agent,
  none,
};

/// How the body after this head is delimited (RFC 9112 section 6.3).
struct body_framing {
  enum class kind : std::uint8_t { none, length, chunked };
  kind by = kind::none;
  std::uint64_t length = 0;  ///< bytes; meaningful for kind::length
};

class request {
 public:
  /// Empty; parse_head fills it, as often as wanted. The table of fields stays uninitialised on
  /// purpose.
  // NOLINTNEXTLINE(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init)
  request() noexcept {}  // `= default` would zero it in `request()`

  [[nodiscard]] http_method method() const noexcept { return method_; }
  [[nodiscard]] std::string_view method_text() const noexcept { return text(method_text_); }
  /// The target as sent, in any of the four forms (RFC 9112 section 3.2).
  [[nodiscard]] std::string_view target() const noexcept { return text(target_); }
  /// Path and query, still encoded; "*" for the asterisk form, empty for CONNECT. Begins with "/"
  /// but for an absolute target without a path, where it may be a query alone ("?a=b").
  [[nodiscard]] std::string_view resource() const noexcept {
    return resource_.size == 0 && method_ != http_method::connect ? "/" : text(resource_);
  }
  /// 0 or 1; every HTTP/1.x above 1.1 counts as 1.1 (RFC 9110 section 2.5).
  [[nodiscard]] int version_minor() const noexcept { return version_minor_; }
  /// With the port if it was sent: from the target where that has one, else from the Host field;
  /// empty if neither has one.
  [[nodiscard]] std::string_view host() const noexcept { return text(host_); }

  /// What the client wants; the server may still close (RFC 9112 section 9.3).
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  /// True only in HTTP/1.1 (RFC 9110 section 10.1.1).
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  [[nodiscard]] const body_framing& body() const noexcept { return body_; }

  [[nodiscard]] std::size_t field_count() const noexcept { return count_; }
  /// The fields in the order sent. `index` below field_count().
  [[nodiscard]] header_field field(std::size_t index) const noexcept {
    return {text(slots_[index].name()), text(slots_[index].value())};
  }
  /// The first line of that name, in any case of letters. Linear: for known fields use the other
  /// overload.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::string_view> find(known_field which) const noexcept {
    const auto line = known_[static_cast<std::size_t>(which)];
    if (line == 0) return std::nullopt;
    return text(slots_[line - 1U].value());
  }
  /// Whether a known field came in more than one line.
  [[nodiscard]] bool repeated(known_field which) const noexcept {
    return ((repeated_ >> static_cast<unsigned>(which)) & 1U) != 0;
  }

 private:
  friend class request_builder;
  /// Without initializers, so that the table is not cleared for every request.
  struct place {
    std::uint32_t at, size;
  };
  /// Where a field's name and value lie, in one word: a table of them has to fit into a pooled
  /// piece of memory. The value begins a few bytes behind the name.
  class slot {
   public:
    static constexpr std::uint32_t most_between = (1U << 14) - 1;  ///< and for the name's size
    [[nodiscard]] place name() const noexcept { return {at(), name_size()}; }
    [[nodiscard]] place value() const noexcept {
      return {at() + name_size() + part(32, 14), part(46, 18)};
    }
    /// `between` and the name's size are at most most_between.
    void set(place name, std::uint32_t between, std::uint32_t value_size) noexcept {
      word_ = name.at | std::uint64_t{name.size} << 18 | std::uint64_t{between} << 32 |
              std::uint64_t{value_size} << 46;
    }

   private:
    [[nodiscard]] std::uint32_t part(unsigned from, unsigned bits) const noexcept {
      return static_cast<std::uint32_t>(word_ >> from) & ((1U << bits) - 1);
    }
    [[nodiscard]] std::uint32_t at() const noexcept { return part(0, 18); }
    [[nodiscard]] std::uint32_t name_size() const noexcept { return part(18, 14); }
    std::uint64_t word_;
  };
  static_assert(head_size_cap <= 1U << 18, "a slot keeps a place in 18 bits");
  static_assert(std::is_trivially_default_constructible_v<slot>);
  static constexpr auto known_count = static_cast<std::size_t>(known_field::none);

  [[nodiscard]] std::string_view text(place where) const noexcept {
    return {head_ + where.at, where.size};
  }

  const char* head_ = "";
  place method_text_{}, target_{}, resource_{}, host_{};
  body_framing body_;
  std::uint32_t repeated_ = 0;
  std::uint16_t count_ = 0;
  http_method method_ = http_method::other;
  std::uint8_t version_minor_ = 1;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  std::array<std::uint16_t, known_count> known_{};  // index + 1 of the first line, 0 for none
  std::array<slot, field_count_cap> slots_;
};

}  // namespace samjoko::proto

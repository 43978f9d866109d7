#pragma once
// Charter: writes the head of a response (RFC 9112 section 4), piece after piece, into room that
// the caller gives. It never allocates and never writes beyond the room: too little room is
// reported once, at the end.

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace samjoko::proto {

/// "404 Not Found" as in RFC 9110 section 15, for pages and logs; for an unlisted status that of
/// its class ("400 Bad Request" for 499). `status` from 100 to 599.
[[nodiscard]] std::string_view status_text(int status) noexcept;

class head_writer {
 public:
  explicit head_writer(std::span<char> room) noexcept
      : begin_(room.data()), at_(room.data()), end_(room.data() + room.size()) {}

  /// Always HTTP/1.1: that is the version we speak, whatever the request's was (RFC 9110 section
  /// 6.2).
  head_writer& status(int status) noexcept {
    return status == 200 ? raw("HTTP/1.1 200 OK\r\n") : other_status(status);
  }
  /// `name` is a literal of ours, `value` may come from outside: a control byte in it would split
  /// the response, so it makes the head fail.
  head_writer& field(std::string_view name, std::string_view value) noexcept;
  head_writer& field(std::string_view name, std::uint64_t number) noexcept;
  head_writer& content_length(std::uint64_t bytes) noexcept;
  /// `keep` for the last answer of a connection is false. `minor` is the request's version:
  /// HTTP/1.0 must be told that the connection stays, HTTP/1.1 that it does not.
  head_writer& connection(bool keep, int minor) noexcept {
    if (!keep) return raw("Connection: close\r\n");
    return minor == 0 ? raw("Connection: keep-alive\r\n") : *this;
  }
  /// Text that is right as it is: whole lines that were prepared, or a small body behind end().
  head_writer& raw(std::string_view text) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < text.size()) return fail();
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  /// The same for a size that the compiler knows: no call.
  template <std::size_t Size>
    requires(Size != std::dynamic_extent)
  head_writer& raw(std::span<const char, Size> text) noexcept {
    return raw(std::string_view(text.data(), Size));
  }
  /// In decimal digits.
  head_writer& number(std::uint64_t number) noexcept;
  /// The empty line. Whether Date and Content-Length may be left out is for the caller to know.
  head_writer& end() noexcept { return raw("\r\n"); }

  /// Whether everything fitted and every value was clean. If not, nothing of it may be sent.
  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  /// What was written so far; empty after a failure.
  [[nodiscard]] std::string_view text() const noexcept {
    if (failed_) return {};
    return {begin_, static_cast<std::size_t>(at_ - begin_)};
  }

 private:
  head_writer& other_status(int status) noexcept;
  head_writer& fail() noexcept {
    failed_ = true;
    end_ = at_;
    return *this;
  }

  char* begin_;
  char* at_;
  char* end_;
  bool failed_ = false;
};

}  // namespace samjoko::proto

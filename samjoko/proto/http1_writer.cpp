#include <samjoko/proto/http1_writer.hpp>

#include <samjoko/base/check.hpp>
#include <samjoko/proto/grammar.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace samjoko::proto {
namespace {

constexpr std::string_view version = "HTTP/1.1 ";

/// Each with version and line end, so that a listed status is one copy. The phrases are those of
/// RFC 9110 section 15 (and RFC 6585), word for word: 501 says "Not Implemented" of the request's
/// method.
constexpr std::array<std::string_view, 47> lines = {
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 201 Created\r\n",
    "HTTP/1.1 202 Accepted\r\n",
    "HTTP/1.1 203 Non-Authoritative Information\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 205 Reset Content\r\n",
    "HTTP/1.1 206 Partial Content\r\n",
    "HTTP/1.1 300 Multiple Choices\r\n",
    "HTTP/1.1 301 Moved Permanently\r\n",
    "HTTP/1.1 302 Found\r\n",
    "HTTP/1.1 303 See Other\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 307 Temporary Redirect\r\n",
    "HTTP/1.1 308 Permanent Redirect\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "HTTP/1.1 401 Unauthorized\r\n",
    "HTTP/1.1 402 Payment Required\r\n",
    "HTTP/1.1 403 Forbidden\r\n",
    "HTTP/1.1 404 Not Found\r\n",
    "HTTP/1.1 405 Method Not Allowed\r\n",
    "HTTP/1.1 406 Not Acceptable\r\n",
    "HTTP/1.1 407 Proxy Authentication Required\r\n",
    "HTTP/1.1 408 Request Timeout\r\n",
    "HTTP/1.1 409 Conflict\r\n",
    "HTTP/1.1 410 Gone\r\n",
    "HTTP/1.1 411 Length Required\r\n",
    "HTTP/1.1 412 Precondition Failed\r\n",
    "HTTP/1.1 413 Content Too Large\r\n",
    "HTTP/1.1 414 URI Too Long\r\n",
    "HTTP/1.1 415 Unsupported Media Type\r\n",
    "HTTP/1.1 416 Range Not Satisfiable\r\n",
    "HTTP/1.1 417 Expectation Failed\r\n",
    "HTTP/1.1 421 Misdirected Request\r\n",
    "HTTP/1.1 422 Unprocessable Content\r\n",
    "HTTP/1.1 426 Upgrade Required\r\n",
    "HTTP/1.1 428 Precondition Required\r\n",
    "HTTP/1.1 429 Too Many Requests\r\n",
    "HTTP/1.1 431 Request Header Fields Too Large\r\n",
    "HTTP/1.1 500 Internal Server Error\r\n",
    "HTTP/1.1 501 Not Implemented\r\n",
    "HTTP/1.1 502 Bad Gateway\r\n",
    "HTTP/1.1 503 Service Unavailable\r\n",
    "HTTP/1.1 504 Gateway Timeout\r\n",
    "HTTP/1.1 505 HTTP Version Not Supported\r\n",
    "HTTP/1.1 511 Network Authentication Required\r\n",
};

constexpr int code_of(std::string_view line) noexcept {
  return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}
static_assert(std::ranges::is_sorted(lines, {}, code_of));

/// The place of each status in `lines`, plus one.
constexpr auto places = [] {
  std::array<std::uint8_t, 500> found{};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    found[static_cast<std::size_t>(code_of(lines[i]) - 100)] = static_cast<std::uint8_t>(i + 1);
  }
  return found;
}();

/// Empty for an unlisted status.
std::string_view listed_line(int status) noexcept {
  SAMJOKO_CHECK(status >= 100 && status <= 599, "a status is from 100 to 599");
  const auto place = places[static_cast<std::size_t>(status - 100)];
  return place == 0 ? std::string_view{} : lines[place - 1U];
}

}  // namespace

std::string_view status_text(int status) noexcept {
  auto line = listed_line(status);
  // RFC 9110 section 15: an unknown status is understood as the x00 of its class.
  if (line.empty()) line = listed_line(status / 100 * 100);
  line.remove_prefix(version.size());
  line.remove_suffix(2);
  return line;
}

head_writer& head_writer::other_status(int status) noexcept {
  const auto line = listed_line(status);
  if (!line.empty()) return raw(line);
  return raw(version).number(static_cast<std::uint64_t>(status)).raw(" \r\n");
}

head_writer& head_writer::field(std::string_view name, std::string_view value) noexcept {
  const auto clean = [](char c) { return contains(line_set, c); };
  if (!std::ranges::all_of(value, clean)) return fail();
  return raw(name).raw(": ").raw(value).raw("\r\n");
}

head_writer& head_writer::field(std::string_view name, std::uint64_t value) noexcept {
  return raw(name).raw(": ").number(value).raw("\r\n");
}

head_writer& head_writer::content_length(std::uint64_t bytes) noexcept {
  return raw("Content-Length: ").number(bytes).raw("\r\n");
}

head_writer& head_writer::number(std::uint64_t value) noexcept {
  const auto [end, fault] = std::to_chars(at_, end_, value);
  if (fault != std::errc{}) return fail();
  at_ = end;
  return *this;
}

}  // namespace samjoko::proto

#include <samjoko/proto/head_finder.hpp>

#include <samjoko/proto/grammar.hpp>

#include <cstring>

namespace samjoko::proto {
namespace {

/// Room in a request line for the method and the version beside the target.
constexpr std::size_t beside_target = 64;

head_scan refused(int status, std::string_view why) noexcept {
  return {head_scan::state::refused, 0, 0, 0, {status, why}};
}

std::size_t line_end(std::string_view text, std::size_t from) noexcept {
  const void* found = std::memchr(text.data() + from, '\n', text.size() - from);
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

constexpr std::string_view bare_line_feed = "line feed without carriage return";

/// An HTTP/0.9 client sends no version and waits for its answer: it gets one now.
bool names_version(std::string_view line) noexcept {
  constexpr std::string_view version = " HTTP/1.1\r\n";
  return line.size() > version.size() &&
         line.substr(line.size() - version.size()).starts_with(" HTTP/");
}

}  // namespace

/// False while only empty lines came, or half of one.
bool head_finder::settle_start(std::string_view buffered) noexcept {
  while (buffered.substr(start_).starts_with("\r\n")) start_ += 2;
  const auto rest = buffered.substr(start_);
  return !rest.empty() && rest != "\r";
}

head_scan head_finder::find(std::string_view buffered, const http1_limits& limits) noexcept {
  if (searched_ == 0) {
    const bool settled = settle_start(buffered);
    if (start_ > 2 * limits.leading_empty_lines) return refused(400, "too many empty lines");
    if (!settled) return {};
    // Bytes of another protocol (for instance TLS) are answered at once, not after a deadline.
    if (!is_token_character(buffered[start_])) return refused(400, "invalid method");
  }
  const auto window = buffered.substr(start_, limits.head_size);
  if (line_size_ == 0) {
    const auto fault = find_request_line(window, limits.target_size + beside_target);
    if (fault.status != 0) return refused(fault.status, fault.why);
  }
  return find_fields(window, limits.head_size);
}

/// Status 0: nothing is wrong with the bytes that came so far.
refusal head_finder::find_request_line(std::string_view window, std::size_t limit) noexcept {
  const auto end = line_end(window, searched_);
  const bool found = end != std::string_view::npos;
  searched_ = found ? end + 1 : window.size();
  if (searched_ > limit) return {414, "request line too long"};
  if (!found) return {0, {}};
  const auto line = window.substr(0, searched_);
  if (!line.ends_with("\r\n")) return {400, bare_line_feed};
  if (!names_version(line)) return {400, "request line without a version"};
  line_size_ = line_start_ = searched_;
  return {0, {}};
}

head_scan head_finder::find_fields(std::string_view window, std::size_t limit) noexcept {
  for (;;) {
    const auto end = line_end(window, searched_);
    if (end == std::string_view::npos) break;
    searched_ = end + 1;
    if (end == line_start_ || window[end - 1] != '\r') return refused(400, bare_line_feed);
    if (end == line_start_ + 1)
      return {head_scan::state::complete, start_, searched_, line_size_ - 2, {}};
    line_start_ = searched_;
  }
  searched_ = window.size();
  if (window.size() == limit) return refused(431, "request head too large");
  return {};
}

}  // namespace samjoko::proto

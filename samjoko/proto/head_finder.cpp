#include <samjoko/proto/head_finder.hpp>

#include <samjoko/proto/grammar.hpp>

#include <cstring>

namespace samjoko::proto {
namespace {

/// Room in a request line for the method and the version beside the target.
constexpr std::size_t beside_target = 64;

head_scan refused(int status, std::string_view why) noexcept {
  return {head_scan::state::refused, 0, 0, {status, why}};
}

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
    // Bytes of another protocol (a TLS greeting, say) are answered at once, not after a deadline.
    if (!is_token_character(buffered[start_])) return refused(400, "invalid method");
  }
  const auto window = buffered.substr(start_, limits.head_size);
  const auto line_limit = limits.target_size + beside_target;
  for (;;) {
    const auto* found = static_cast<const char*>(
        std::memchr(window.data() + searched_, '\n', window.size() - searched_));
    searched_ = found ? static_cast<std::size_t>(found - window.data()) + 1 : window.size();
    if (line_start_ == 0 && searched_ > line_limit) return refused(414, "request line too long");
    if (!found) break;
    const auto line = window.substr(line_start_, searched_ - line_start_);
    if (!line.ends_with("\r\n")) return refused(400, "line feed without carriage return");
    if (line_start_ == 0 && !names_version(line))
      return refused(400, "request line without a version");
    if (line.size() == 2) return {head_scan::state::complete, start_, searched_, {}};
    line_start_ = searched_;
  }
  if (window.size() == limits.head_size) return refused(431, "request head too large");
  return {};
}

}  // namespace samjoko::proto

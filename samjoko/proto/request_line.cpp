#include <samjoko/proto/request_line.hpp>

#include <samjoko/proto/authority.hpp>
#include <samjoko/proto/grammar.hpp>

namespace samjoko::proto {
namespace {

using verdict = std::expected<void, refusal>;

/// Everything except controls, space and "#". RFC 3986 allows fewer (no quotes, braces, backslash,
/// nothing above ASCII), but browsers and curl send those raw, names in UTF-8 too, and they cannot
/// be mistaken for anything else. nginx accepts them as well.
constexpr character_set target_characters() noexcept {
  character_set set{};
  for (std::size_t c = 0x21; c < set.size(); ++c) set[c] = c != '#' && c != 0x7f;
  return set;
}
constexpr character_set target_set = target_characters();

http_method known_method(std::string_view text) noexcept {
  if (text == "GET") return http_method::get;  // Methods are case-sensitive: RFC 9110 section 9.1.
  if (text == "HEAD") return http_method::head;
  if (text == "POST") return http_method::post;
  if (text == "PUT") return http_method::put;
  if (text == "DELETE") return http_method::delete_;
  if (text == "OPTIONS") return http_method::options;
  if (text == "TRACE") return http_method::trace;
  if (text == "CONNECT") return http_method::connect;
  if (text == "PATCH") return http_method::patch;
  return http_method::other;
}

/// What follows the target in nearly every line.
constexpr std::string_view usual_end = "HTTP/1.1\r\n";

/// HTTP-version, RFC 9112 section 2.3: case-sensitive, one digit on each side; and the line's end.
verdict read_version(std::string_view text, request_line& line) noexcept {
  text = text.substr(0, usual_end.size());
  if (text == usual_end) {
    line.version_minor = 1;
    return {};
  }
  if (text.size() != usual_end.size() || !text.starts_with("HTTP/") || text[6] != '.' ||
      !is_digit(text[5]) || !is_digit(text[7]) || !text.ends_with("\r\n")) {
    return refuse(400, "request line without a valid version");
  }
  if (text[5] != '1') return refuse(505, "HTTP version not supported");
  line.version_minor = text[7] == '0' ? 0 : 1;
  return {};
}

/// "http://authority/path?query"; RFC 9112 section 3.2.2.
verdict read_absolute(request_line& line) noexcept {
  const auto scheme = line.target.find("://");
  const auto name = line.target.substr(0, scheme);
  if (scheme == std::string_view::npos ||
      !(equal_ignoring_case(name, "http") || equal_ignoring_case(name, "https"))) {
    return refuse(400, "request target in no valid form");
  }
  const auto rest = line.target.substr(scheme + 3);
  line.authority = rest.substr(0, rest.find_first_of("/?"));
  line.resource = rest.substr(line.authority.size());
  if (!parse_authority(line.authority)) return refuse(400, "invalid host in the request target");
  return {};
}

/// "host:port", for CONNECT and nothing else; RFC 9112 section 3.2.3.
verdict read_authority(request_line& line) noexcept {
  const auto parsed = parse_authority(line.target);
  if (!parsed || parsed->port.empty()) return refuse(400, "CONNECT without host and port");
  line.authority = line.target;
  return {};
}

verdict read_form(request_line& line) noexcept {
  if (line.method == http_method::connect) return read_authority(line);
  if (line.target.front() != '/' && line.target != "*") return read_absolute(line);
  if (line.target == "*" && line.method != http_method::options) {
    return refuse(400, "asterisk target outside OPTIONS");  // RFC 9112 section 3.2.4
  }
  line.resource = line.target;
  return {};
}

}  // namespace

std::expected<request_line, refusal> parse_request_line(std::string_view head,
                                                        const http1_limits& limits) noexcept {
  request_line line;
  auto text = head;
  const auto method_size = span_of(token_set, text);
  if (method_size == 0 || method_size == text.size() || text[method_size] != ' ') {
    return refuse(400, "invalid method");
  }
  line.method_text = text.substr(0, method_size);
  line.method = known_method(line.method_text);
  text.remove_prefix(method_size + 1);
  const auto target_size = span_of(target_set, text);
  if (target_size > limits.target_size) return refuse(414, "request target too long");
  if (target_size == 0 || target_size == text.size() || text[target_size] != ' ') {
    return refuse(400, "invalid request target");
  }
  line.target = text.substr(0, target_size);
  text.remove_prefix(target_size + 1);
  if (const auto version = read_version(text, line); !version) {
    return std::unexpected(version.error());
  }
  if (const auto form = read_form(line); !form) return std::unexpected(form.error());
  line.size = head.size() - text.size() + usual_end.size();
  return line;
}

}  // namespace samjoko::proto

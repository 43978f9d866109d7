#include <samjoko/proto/request_builder.hpp>

#include <samjoko/proto/authority.hpp>
#include <samjoko/proto/grammar.hpp>

#include <algorithm>

namespace samjoko::proto {

request_builder::request_builder(std::string_view head, const http1_limits& limits,
                                 request& out) noexcept
    : head_(head), field_count_limit_(std::min(limits.field_count, field_count_cap)), out_(out) {
  out.head_ = head.data();
  out.host_ = {};
  out.body_ = {};
  out.repeated_ = 0;
  out.count_ = 0;
  out.expects_continue_ = false;
  out.known_.fill(0);
}

request::place request_builder::place(std::string_view view) const noexcept {
  if (view.empty()) return {};
  return {static_cast<std::uint32_t>(view.data() - head_.data()),
          static_cast<std::uint32_t>(view.size())};
}

void request_builder::line(const request_line& line) noexcept {
  out_.method_ = line.method;
  out_.version_minor_ = static_cast<std::uint8_t>(line.version_minor);
  out_.method_text_ = place(line.method_text);
  out_.target_ = place(line.target);
  out_.resource_ = place(line.resource);
  // RFC 9112 section 3.2.2: the target's authority replaces the Host field.
  out_.host_ = place(line.authority);
  has_authority_ = !line.authority.empty();
}

/// RFC 9112 section 5.2: a line that begins with white space used to continue the line before it.
/// Beast joins such lines: the value then lies in Beast's own memory, or begins behind a line end.
/// `between` is what lies between name and value; a value elsewhere makes that a large number.
bool request_builder::folded(std::string_view name, std::size_t between) const noexcept {
  const auto from = static_cast<std::size_t>(name.end() - head_.data());
  if (between > head_.size() - from) return true;
  return head_.substr(from, between).contains('\n');
}

auto request_builder::field(known_field which, std::string_view name,
                            std::string_view value) noexcept -> verdict {
  constexpr std::size_t shortest_fold = std::string_view(":\r\n ").size();
  const auto between = static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(value.data()) -
                                                reinterpret_cast<std::uintptr_t>(name.end()));
  if (between >= shortest_fold && folded(name, between)) return refuse(400, "folded header line");
  if (out_.count_ == field_count_limit_) return refuse(431, "too many header fields");
  const auto gap = value.empty() ? 0 : between;
  if (std::max(name.size(), gap) > request::slot::most_between)
    return refuse(431, "header field name too long");
  out_.slots_[out_.count_++].set(place(name), static_cast<std::uint32_t>(gap),
                                 static_cast<std::uint32_t>(value.size()));
  if (which == known_field::none) return {};
  auto& first = out_.known_[static_cast<std::size_t>(which)];
  const bool again = first != 0;
  if (again) {
    out_.repeated_ |= 1U << static_cast<unsigned>(which);
  } else {
    first = out_.count_;
  }
  return judge(which, value, again);
}

auto request_builder::judge(known_field which, std::string_view value, bool again) noexcept
    -> verdict {
  switch (which) {
    case known_field::host: return host(value, again);
    case known_field::content_length: return content_length(value, again);
    case known_field::transfer_encoding: transfer_encoding(value); return {};
    case known_field::connection: connection(value); return {};
    case known_field::expect: return expectation(value);
    default: return {};
  }
}

/// RFC 9110 section 10.1.1: a list with one defined member; empty members and repetitions mean
/// nothing (section 5.6.1.2). HTTP/1.0 has no expectations.
auto request_builder::expectation(std::string_view value) noexcept -> verdict {
  if (out_.version_minor_ == 0) return {};
  while (!value.empty()) {
    const auto member = next_element(value);
    if (member.empty()) continue;
    if (!equal_ignoring_case(member, "100-continue")) return refuse(417, "unknown expectation");
    out_.expects_continue_ = true;
  }
  return {};
}

/// RFC 9112 section 3.2: more than one Host, or an invalid one, is answered with 400, in every
/// version. An empty Host says that the target has no authority, so it contradicts a target that
/// has one.
auto request_builder::host(std::string_view value, bool again) noexcept -> verdict {
  if (again) return refuse(400, "more than one Host");
  if (value.empty() && !has_authority_) return {};
  if (!parse_authority(value)) return refuse(400, "invalid Host");
  if (!has_authority_) out_.host_ = place(value);
  return {};
}

/// RFC 9112 section 6.3 item 5 lets a server join equal repeated lengths. Some servers in front of
/// us take the first and some the last, so no repetition is accepted, neither in lines nor in a
/// list.
auto request_builder::content_length(std::string_view value, bool again) noexcept -> verdict {
  if (again) return refuse(400, "more than one Content-Length");
  const auto length = parse_decimal(value);
  if (!length) return refuse(400, "invalid Content-Length");
  out_.body_ = {body_framing::kind::length, *length};
  return {};
}

/// The lines make one list (RFC 9112 section 6.1). An empty element counts as an unknown coding
/// here: no honest client sends one.
void request_builder::transfer_encoding(std::string_view value) noexcept {
  do {
    const auto coding = next_element(value);
    if (chunked_) coding_after_chunked_ = true;
    if (equal_ignoring_case(coding, "chunked")) {
      chunked_ = true;
    } else {
      foreign_coding_ = true;
    }
  } while (!value.empty());
}

void request_builder::connection(std::string_view value) noexcept {
  while (!value.empty()) {
    const auto option = next_element(value);
    close_ = close_ || equal_ignoring_case(option, "close");
    keep_alive_ = keep_alive_ || equal_ignoring_case(option, "keep-alive");
  }
}

auto request_builder::frame_body() noexcept -> verdict {
  if (!out_.find(known_field::transfer_encoding)) return {};
  // RFC 9112 section 6.1: such a message's framing is faulty, whatever its coding.
  if (out_.version_minor_ == 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
  // RFC 9112 section 6.3 item 3.
  if (out_.find(known_field::content_length)) {
    return refuse(400, "Transfer-Encoding beside Content-Length");
  }
  // RFC 9112 sections 6.1 (once) and 6.3 item 4 (last).
  if (coding_after_chunked_) return refuse(400, "chunked is repeated or not the last coding");
  if (foreign_coding_) return refuse(501, "unknown transfer coding");
  out_.body_ = {body_framing::kind::chunked, 0};
  return {};
}

auto request_builder::finish() noexcept -> verdict {
  if (out_.version_minor_ == 1 && !out_.find(known_field::host)) {
    return refuse(400, "no Host");  // RFC 9112 section 3.2
  }
  out_.keep_alive_ = !close_ && (out_.version_minor_ == 1 || keep_alive_);
  return frame_body();
}

}  // namespace samjoko::proto

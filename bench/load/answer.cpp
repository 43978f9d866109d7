#include <load/answer.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace load {
namespace {

constexpr std::size_t longest_head = 8192;

/// The length a head announces, or -1.
long announced_length(const std::string& head) {
  const auto* found = strcasestr(head.c_str(), "\r\ncontent-length:");
  if (found == nullptr) return -1;
  found += std::strlen("\r\ncontent-length:");
  while (*found == ' ') ++found;
  long length = -1;
  std::from_chars(found, head.c_str() + head.size(), length);
  return length;
}

}  // namespace

int answer_reader::take_echo(const plan& asked, std::string_view received) {
  const auto rest = std::string_view(asked.request).substr(echoed_);
  if (!rest.starts_with(received)) return -1;
  echoed_ += received.size();
  if (echoed_ < asked.request.size()) return 0;
  echoed_ = 0;
  return 1;
}

/// Moves a head's bytes over from `received`; when it is whole body_left_ is set and head_ empty.
bool answer_reader::take_head(const plan& asked, std::string_view& received) {
  const auto had = head_.size();
  head_ += received.substr(0, longest_head);
  const auto end = head_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
  if (end == std::string::npos) {
    received = {};
    return head_.size() < longest_head;
  }
  received.remove_prefix(end + 4 - had);
  head_.resize(end + 2);
  const auto length = announced_length(head_);
  const bool good = head_.starts_with("HTTP/1.1 200") && length > 0;
  head_.clear();
  if (!good) return false;
  body_left_ = static_cast<std::size_t>(length);
  return asked.body_size == 0 || body_left_ == asked.body_size;
}

int answer_reader::take(const plan& asked, std::string_view received) {
  if (asked.what == talk::echo) return take_echo(asked, received);
  int ended = 0;
  while (!received.empty()) {
    if (body_left_ == 0) {
      if (!take_head(asked, received)) return -1;
    }
    const auto of_body = std::min(body_left_, received.size());
    received.remove_prefix(of_body);
    body_left_ -= of_body;
    if (body_left_ == 0 && of_body > 0) ++ended;
  }
  return ended;
}

}  // namespace load

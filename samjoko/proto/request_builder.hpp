#pragma once
// Charter: puts a request together from its line and its fields, and refuses the shapes by which
// two servers read two different messages (request smuggling). All rules of our own about fields
// stand here, each with its section; Beast, which splits the bytes into fields, knows none of them.

#include <samjoko/proto/refusal.hpp>
#include <samjoko/proto/request.hpp>
#include <samjoko/proto/request_line.hpp>

#include <expected>
#include <string_view>

namespace samjoko::proto {

class request_builder {
 public:
  using verdict = std::expected<void, refusal>;

  /// Every view given later must lie within `head`, or it is refused.
  request_builder(std::string_view head, const http1_limits& limits, request& out) noexcept;

  void line(const request_line& line) noexcept;
  /// `value` without the white space around it. Fields in the order sent.
  [[nodiscard]] verdict field(known_field which, std::string_view name,
                              std::string_view value) noexcept;
  /// After the last field: the rules that need them all.
  [[nodiscard]] verdict finish() noexcept;

 private:
  [[nodiscard]] request::place place(std::string_view view) const noexcept;
  [[nodiscard]] bool folded(std::string_view name, std::size_t between) const noexcept;
  [[nodiscard]] verdict judge(known_field which, std::string_view value, bool again) noexcept;
  [[nodiscard]] verdict expectation(std::string_view value) noexcept;
  [[nodiscard]] verdict host(std::string_view value, bool again) noexcept;
  [[nodiscard]] verdict content_length(std::string_view value, bool again) noexcept;
  void transfer_encoding(std::string_view value) noexcept;
  void connection(std::string_view value) noexcept;
  [[nodiscard]] verdict frame_body() noexcept;

  std::string_view head_;
  std::size_t field_count_limit_;
  request& out_;
  bool has_authority_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  bool foreign_coding_ = false;
  bool coding_after_chunked_ = false;
  bool chunked_ = false;
};

}  // namespace samjoko::proto

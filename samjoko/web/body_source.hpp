#pragma once
// Charter: a body that is made while it is sent, because the whole of it would be large.

#include <samjoko/base/result.hpp>
#include <string>

namespace samjoko::web {

/// Belongs to one answer. Its length is unknown before its end: it is sent in chunks, or up to the
/// end of the connection (RFC 9112 section 6.3).
class body_source {
 public:
  body_source() noexcept = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// Appends a few kilobytes more; false when nothing follows. An error breaks the answer off so
  /// that the client can tell.
  [[nodiscard]] virtual result<bool> add_to(std::string& text) = 0;
};

}  // namespace samjoko::web

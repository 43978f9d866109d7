#pragma once
// Charter: the answer of a file to GET and HEAD: conditions (RFC 9110 section 13), ranges (section
// 14), or the whole.

#include <memory>
#include <samjoko/proto/request.hpp>
#include <samjoko/web/file_cache.hpp>

namespace samjoko::web {

/// How to look at the file that is asked for: a 206, a 304, a 412 or a 416 says something about the
/// file of this very moment.
[[nodiscard]] look look_for(const proto::request& asked) noexcept;

/// Ranges apply to GET alone (RFC 9110 section 14.2); several of them are sent as
/// multipart/byteranges.
void answer_with_file(const proto::request& asked, std::shared_ptr<const stored_file> file,
                      response& answer);

}  // namespace samjoko::web

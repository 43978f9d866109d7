#pragma once
// Charter: the answer of a file to GET and HEAD: conditions (RFC 9110 section 13), ranges (section
// 14), or the whole.

#include <memory>
#include <samjoko/proto/request.hpp>
#include <samjoko/web/stored_file.hpp>

namespace samjoko::web {

/// Ranges are obeyed for GET alone (RFC 9110 section 14.2), several of them as
/// multipart/byteranges.
void answer_with_file(const proto::request& asked, std::shared_ptr<const stored_file> file,
                      response& answer);

}  // namespace samjoko::web

#pragma once
// Charter: turns an answer into bytes, behind those that wait to be sent already.

#include <samjoko/web/http_options.hpp>
#include <samjoko/web/output.hpp>
#include <samjoko/web/response.hpp>

namespace samjoko::web {

/// What the request, and not its handler, decides about the answer.
struct answer_form {
  int version_minor = 1;
  bool head_only = false;
  bool keep = true;      ///< the connection goes on after the answer
  bool at_once = false;  ///< else: it may be closed without waiting for the client to close first
};

/// Status line to empty line. False, and nothing written, when there is not enough room. A body of
/// unknown size is announced in chunks, or, in HTTP/1.0, as what comes before the end.
[[nodiscard]] bool append_head(output& out, const response& answer, const answer_form& form,
                               const http_options& options);
/// The line before a chunk. False when there is no room.
[[nodiscard]] bool append_chunk_size(output& out, std::size_t size);
/// What to do with a file that is longer than was announced.
enum class longer_file : bool {
  is_changed,  ///< it may be another file by now
  will_do,     ///< its beginning is sent, as long as was announced
};
/// Head and body, those bytes of a file included. False, and nothing written, when there is not
/// enough room, or when the size of the file is not as announced (answer.file()->changed).
[[nodiscard]] bool append_answer(output& out, const response& answer, const answer_form& form,
                                 const http_options& options, longer_file longer);
/// As many bytes of a piece of a file as there is room for. Returns how many, or -1 when the size
/// of the file is not as announced.
[[nodiscard]] std::int64_t append_file(output& out, const response& answer,
                                       const response::piece& piece, longer_file longer);

}  // namespace samjoko::web

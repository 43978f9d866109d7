#include <samjoko/web/render.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <samjoko/os/clock.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/os/thread_id.hpp>
#include <samjoko/proto/http1_writer.hpp>
#include <samjoko/proto/http_date.hpp>
#include <samjoko/serve/model.hpp>

namespace samjoko::web {
namespace {

std::span<const char, proto::date_cache::line_size> date_line() {
  thread_local proto::date_cache dates;
  return dates.line(os::wall_seconds());
}

void identify(proto::head_writer& head) {
  const auto who = os::current_thread_id();
  std::array<char, 64> room{};
  proto::head_writer value(room);
  value.number(static_cast<std::uint64_t>(who.process)).raw("/");
  value.number(static_cast<std::uint64_t>(who.thread)).raw("/");
  head.raw("X-Served-By: ").raw(value.text()).raw(serve::model_of_this_process()).raw("\r\n");
}

/// There must be room for it.
void append_text(output& out, std::string_view text) {
  std::memcpy(out.room().data(), text.data(), text.size());
  out.added(text.size());
}

}  // namespace

bool append_head(output& out, const response& answer, const answer_form& form,
                 const http_options& options) {
  proto::head_writer head(out.room());
  head.status(answer.status()).raw(date_line()).raw(answer.fields());
  if (options.identify) identify(head);
  if (answer.source() != nullptr) {
    if (form.version_minor > 0) head.raw("Transfer-Encoding: chunked\r\n");
  } else if (answer.may_have_body()) {
    head.content_length(answer.body_size());
  }
  head.connection(form.keep, form.version_minor).end();
  if (!head.ok()) return false;
  out.added(head.text().size());
  return true;
}

bool append_chunk_size(output& out, std::size_t size) {
  const auto room = out.room();
  const auto [end, fault] = std::to_chars(room.data(), room.data() + room.size(), size, 16);
  const auto digits = static_cast<std::size_t>(end - room.data());
  if (fault != std::errc{} || room.size() - digits < 2) return false;
  out.added(digits);
  append_text(out, "\r\n");
  return true;
}

std::int64_t append_file(output& out, const response& answer, const response::piece& piece,
                         longer_file longer) {
  const auto room = out.room();
  const auto& file = *answer.file();
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size, room.size()));
  // One byte too many shows that a file became longer, without another call.
  const bool to_the_end = size == piece.size && piece.offset + size == file.size;
  const bool looks = to_the_end && longer == longer_file::is_changed && size < room.size();
  const auto place = std::as_writable_bytes(room.first(looks ? size + 1 : size));
  const auto got = os::read_at(file.descriptor.get(), place, piece.offset, size);
  if (!got || *got != size) {
    file.changed = true;
    return -1;
  }
  out.added(size);
  return static_cast<std::int64_t>(size);
}

bool append_answer(output& out, const response& answer, const answer_form& form,
                   const http_options& options, longer_file longer) {
  const auto before = out.size();
  if (answer.source() != nullptr && !form.head_only) return false;
  if (!append_head(out, answer, form, options)) return false;
  if (form.head_only || !answer.may_have_body()) return true;
  bool fits = answer.body_size() <= out.room().size();
  for (std::size_t i = 0; fits && i < answer.piece_count(); ++i) {
    const auto piece = answer.piece_at(i);
    if (piece.of_file) {
      fits = append_file(out, answer, piece, longer) >= 0;
    } else {
      append_text(out, piece.text);
    }
  }
  if (!fits) out.cut(before);
  return fits;
}

}  // namespace samjoko::web

#include <samjoko/web/file_answer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <samjoko/os/clock.hpp>
#include <samjoko/proto/conditional.hpp>
#include <samjoko/proto/range.hpp>

namespace samjoko::web {
namespace {

using proto::known_field;
using shared_file = std::shared_ptr<const stored_file>;

std::shared_ptr<const content_file> content_of(const shared_file& file) {
  return {file, &file->content};
}

/// Unique for as long as files exist; it need not be secret.
std::string boundary() {
  static std::atomic<std::uint64_t> count = 0;
  return fmt::format("samjoko-{:x}-{:x}", os::coarse_now().time_since_epoch().count(), ++count);
}

std::string content_range(const proto::byte_range& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.size - 1, size);
}

void answer_part(const shared_file& file, const proto::byte_range& range, std::time_t now,
                 response& answer) {
  answer.status(206);
  answer.lines(file->validators(now));
  answer.content_type(file->media_type);
  answer.field("Content-Range", content_range(range, file->facts.size));
  answer.body(content_of(file), range.offset, range.size);
}

/// RFC 9110 section 14.6.
void answer_parts(const shared_file& file, std::span<const proto::byte_range> ranges,
                  std::time_t now, response& answer) {
  const auto border = boundary();
  answer.status(206);
  answer.lines(file->validators(now));
  answer.content_type("multipart/byteranges; boundary=" + border);
  answer.body(content_of(file), 0, 0);
  for (const auto& range : ranges) {
    answer.add_text(fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", border,
                                file->media_type, content_range(range, file->facts.size)));
    answer.add_file(range.offset, range.size);
  }
  answer.add_text(fmt::format("\r\n--{}--\r\n", border));
}

/// Whether the Range field decided the answer.
bool answer_range(const proto::request& asked, const shared_file& file,
                  const proto::validators& current, std::time_t now, response& answer) {
  const auto wanted = asked.find(known_field::range);
  if (!wanted || asked.repeated(known_field::range)) return false;
  if (asked.method() != proto::http_method::get) return false;
  if (!proto::if_range_holds(asked, current, now)) return false;
  const auto set = proto::parse_range(*wanted, file->facts.size);
  if (set.verdict() == proto::range_set::answer::whole) return false;
  if (set.verdict() == proto::range_set::answer::unsatisfiable) {
    answer.field("Content-Range", fmt::format("bytes */{}", file->facts.size));
    answer.plain(416);
  } else if (set.ranges().size() == 1) {
    answer_part(file, set.ranges().front(), now, answer);
  } else {
    answer_parts(file, set.ranges(), now, answer);
  }
  return true;
}

}  // namespace

look look_for(const proto::request& asked) noexcept {
  static constexpr std::array fields{known_field::range, known_field::if_none_match,
                                     known_field::if_modified_since, known_field::if_match,
                                     known_field::if_unmodified_since};
  const bool depends =
      std::ranges::any_of(fields, [&](known_field each) { return asked.find(each).has_value(); });
  return depends ? look::now : look::once_in_a_turn;
}

void answer_with_file(const proto::request& asked, shared_file file, response& answer) {
  const proto::validators current{.etag = file->etag, .last_modified = file->last_modified()};
  const auto now = os::wall_seconds();
  switch (proto::evaluate(asked, current, now)) {
    case proto::precondition::failed: return answer.plain(412);
    case proto::precondition::not_modified:
      answer.status(304);
      return answer.lines(file->validators(now));
    case proto::precondition::holds: break;
  }
  if (answer_range(asked, file, current, now, answer)) return;
  answer.lines(file->lines(now));
  const auto size = file->facts.size;
  auto content = std::shared_ptr<const content_file>(std::move(file), &file->content);
  answer.body(std::move(content), 0, size);
}

}  // namespace samjoko::web

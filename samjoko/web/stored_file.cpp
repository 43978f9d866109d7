#include <samjoko/web/stored_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <samjoko/proto/http_date.hpp>

namespace samjoko::web {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t second = 1'000'000'000;
/// Twice the longest tick.
constexpr nanoseconds longest_tick = std::chrono::milliseconds(20);
constexpr nanoseconds whole_seconds = std::chrono::seconds(2);

/// One to one for the files of one inode, and for those of one time of change.
std::uint64_t mixed(std::int64_t changed, ino_t inode) noexcept {
  constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::uint64_t>(changed) * odd ^ inode;
}

std::string tag_of(const os::file_facts& facts) {
  return fmt::format("\"{:x}-{:x}.{:x}-{:x}\"", facts.size,
                     static_cast<std::uint64_t>(facts.modified), facts.modified_nanoseconds,
                     mixed(facts.changed, facts.number));
}

}  // namespace

stored_file::stored_file(os::descriptor opened, const os::file_facts& of, std::string_view type,
                         time_of_day looked)
    : content{.descriptor = std::move(opened), .size = of.size}, facts(of), media_type(type) {
  if (settles(facts) <= looked) etag = tag_of(facts);
  write_lines(std::min<std::time_t>(facts.modified, std::chrono::system_clock::to_time_t(looked)));
}

stored_file::time_of_day stored_file::settles(const os::file_facts& facts) noexcept {
  const auto step = facts.changed % second == 0 ? whole_seconds : longest_tick;
  return time_of_day(
      std::chrono::duration_cast<time_of_day::duration>(nanoseconds(facts.changed) + step));
}

std::optional<std::time_t> stored_file::last_modified() const noexcept {
  if (facts.modified == 0 || facts.modified == 1) return std::nullopt;
  return facts.modified;
}

void stored_file::write_lines(std::time_t last) const {
  told_ = last;
  lines_ = fmt::format("Content-Type: {}\r\n", media_type);
  validators_at_ = lines_.size();
  if (last_modified()) {
    std::array<char, proto::http_date_size> room{};
    proto::format_http_date(last, room);
    lines_.append("Last-Modified: ").append(room.data(), room.size()).append("\r\n");
  }
  if (is_settled()) lines_.append("ETag: ").append(etag).append("\r\n");
  validators_size_ = lines_.size() - validators_at_;
  lines_.append("Accept-Ranges: bytes\r\n");
}

std::string_view stored_file::lines(std::time_t now) const {
  const auto last = std::min<std::time_t>(facts.modified, now);
  if (last != told_) [[unlikely]]
    write_lines(last);
  return lines_;
}

std::string_view stored_file::validators(std::time_t now) const {
  return lines(now).substr(validators_at_, validators_size_);
}

}  // namespace samjoko::web

#include <samjoko/web/stored_file.hpp>

#include <fmt/format.h>

#include <array>
#include <samjoko/proto/http_date.hpp>
#include <samjoko/proto/media_type.hpp>

namespace samjoko::web {
namespace {

std::string date_text(std::time_t when) {
  std::array<char, proto::http_date_size> room{};
  proto::format_http_date(when, room);
  return {room.data(), room.size()};
}

}  // namespace

stored_file::stored_file(os::descriptor opened, const os::file_facts& of, std::string_view name)
    : content{.descriptor = std::move(opened)},
      facts(of),
      media_type(proto::media_type(name)),
      etag(fmt::format("\"{:x}-{:x}\"", facts.modified, facts.size)),
      validators(fmt::format("Last-Modified: {}\r\nETag: {}\r\n", date_text(facts.modified), etag)),
      lines(fmt::format("Content-Type: {}\r\n{}Accept-Ranges: bytes\r\n", media_type, validators)) {
}

}  // namespace samjoko::web

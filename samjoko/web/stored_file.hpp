#pragma once
// Charter: an open file with what every answer about it says, prepared once.

#include <samjoko/os/file.hpp>
#include <samjoko/web/response.hpp>
#include <string>
#include <string_view>

namespace samjoko::web {

struct stored_file {
  /// `name` decides the content type.
  stored_file(os::descriptor opened, const os::file_facts& of, std::string_view name);

  content_file content;
  os::file_facts facts;
  std::string_view media_type;
  /// As nginx makes it, `"MODIFIED-SIZE"` in hexadecimal, so that both can serve the same tree.
  std::string etag;
  /// Header lines: Last-Modified and ETag.
  std::string validators;
  /// Those, Content-Type and Accept-Ranges.
  std::string lines;
};

}  // namespace samjoko::web

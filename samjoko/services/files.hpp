#pragma once
// Charter: serves the files below a directory, and nothing outside it.
//
// Every regular file is served, including those whose names begin with a dot. A path that names a
// directory is redirected to the same path with "/" at its end. There index.html is served, or else
// a page that lists the directory, or 403. Links are followed as long as they stay below the
// directory; a link that leaves it is answered with 403. The next request sees a file that has
// changed; a name that comes to mean another file is seen within a second.
// request; a name that comes to mean another, within a second.

#include <samjoko/web/directory_names.hpp>
#include <samjoko/web/http_service.hpp>

namespace samjoko::services {

struct files_options {
  std::string directory;
  bool list = false;  ///< a page for a directory without index.html
  /// The limits of a directory that is listed. Above: 503, and a line in the log.
  web::directory_limits listing{};
  /// More content types than are built in, read once, here; empty: none.
  std::string types_file = "/etc/mime.types";
  web::http_options http{};
};

/// Errors: the directory cannot be opened; condition::bad_argument by web::check_options(). The
/// directory may be given as a link that is switched while the service runs.
[[nodiscard]] result<service> make_files(const files_options& options);

}  // namespace samjoko::services

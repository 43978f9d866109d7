#include <samjoko/services/files.hpp>

#include <array>
#include <cerrno>
#include <climits>
#include <samjoko/log/writer.hpp>
#include <samjoko/os/open_beneath.hpp>
#include <samjoko/proto/target.hpp>
#include <samjoko/web/file_answer.hpp>
#include <samjoko/web/file_cache.hpp>
#include <samjoko/web/listing.hpp>

namespace samjoko::services {
namespace {

using proto::request;
using web::response;

constexpr std::string_view index_name = "index.html";

/// A path as the system takes it: below the root, with a NUL at its end.
using path_room = std::array<char, PATH_MAX>;

const char* name_below(std::string_view path) noexcept {
  return path.size() == 1 ? "." : path.data() + 1;
}

/// As nginx sorts them: not found, not allowed, or our own error.
int status_of(const error& why) noexcept {
  switch (why.code()) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ENXIO: return 404;  // the last for a socket's file
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV: return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return 503;
    default: return 500;
  }
}

void fail(const error& why, response& answer) {
  const int status = status_of(why);
  if (status >= 500) log::warning("files", "a file cannot be served: {}", why.sentence());
  if (status == 503) answer.field("Retry-After", "1");
  answer.plain(status);
}

class file_tree {
 public:
  file_tree(std::shared_ptr<web::served_directory> root, const files_options& options) noexcept
      : root_(std::move(root)), lists_(options.list), listing_(options.listing) {}

  void operator()(const request& asked, response& answer) const {
    path_room room{};
    const auto parts = proto::split_resource(asked.resource());
    const auto path = proto::decode_path(parts.path, std::span(room).first(room.size() - 1));
    if (!path) {
      // A path that is too long for the system names nothing.
      if (path.error().status == 414) return answer.plain(404);
      return answer.plain(path.error().status, path.error().why);
    }
    if (path->ends_with('/')) return serve_directory(asked, room, path->size(), answer);
    room[path->size()] = '\0';
    auto file = web::file_cache::own().find(*root_, name_below(*path), web::look_for(asked));
    if (file) return web::answer_with_file(asked, std::move(*file), answer);
    if (!file.error().is(EISDIR)) return fail(file.error(), answer);
    redirect(parts, answer);
  }

 private:
  /// The location is relative to what was asked for (RFC 9110 section 10.2.2), so that it is right
  /// behind a proxy that takes a part of the path away. So it is the last segment as the client
  /// wrote it: an encoded slash is no slash where the client resolves it. It has no ":", which
  /// would end a scheme, and never a slash in front.
  static void redirect(const proto::resource_parts& parts, response& answer) {
    auto to = web::encoded_again(parts.path.substr(parts.path.rfind('/') + 1)) + "/";
    if (parts.has_query) to.append("?").append(parts.query);
    answer.field("Location", to);
    answer.plain(301);
  }

  void serve_directory(const request& asked, path_room& room, std::size_t size,
                       response& answer) const {
    if (size + index_name.size() >= room.size()) return answer.plain(404);
    index_name.copy(room.data() + size, index_name.size());
    room[size + index_name.size()] = '\0';
    auto index = web::file_cache::own().find(*root_, room.data() + 1, web::look_for(asked));
    if (index) return web::answer_with_file(asked, std::move(*index), answer);
    const bool none = index.error().is(ENOENT) || index.error().is(EISDIR);
    if (!none) return fail(index.error(), answer);
    room[size] = '\0';
    list({room.data(), size}, answer);
  }

  void list(std::string_view path, response& answer) const {
    const auto root = root_->open();
    if (!root) return fail(root.error(), answer);
    auto directory = os::open_beneath((*root)->get(), name_below(path));
    if (!directory) return fail(directory.error(), answer);
    if (!lists_) return answer.plain(403);
    auto page = web::listing::make(*root, std::move(*directory), path, listing_);
    if (!page && page.error().is(condition::too_long)) return too_many(path, answer);
    if (!page) return fail(page.error(), answer);
    // A short text is sent as any other body.
    std::string text;
    auto more = (*page)->add_to(text);
    if (more && *more) more = (*page)->add_to(text);
    if (!more) return fail(more.error(), answer);
    answer.content_type("text/html; charset=utf-8");
    answer.body(std::move(text), *more ? std::move(*page) : nullptr);
  }

  /// A part of the listing could be taken for the whole, and a mirror would remove the rest.
  void too_many(std::string_view path, response& answer) const {
    log::warning("listing",
                 "a directory is not shown, it has more than {} names (--listing-max) or {} "
                 "bytes of names: {}",
                 listing_.entries, listing_.bytes, path);
    answer.plain(503, "the directory has more names than this server lists");
  }

  std::shared_ptr<web::served_directory> root_;
  bool lists_;
  web::directory_limits listing_;
};

/// A missing file is not logged.
proto::media_types types_of(const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 20;
  if (path.empty()) return {};
  const auto text = os::read_whole_file(path, most);
  if (text) return proto::media_types(*text);
  if (!text.error().is(ENOENT)) {
    log::warning("types", "only the content types that are built in are known: {}",
                 text.error().sentence());
  }
  return {};
}

}  // namespace

result<service> make_files(const files_options& options) {
  if (auto checked = web::check_options(options.http); !checked) return failure_of(checked);
  auto root = web::served_directory::make(options.directory, types_of(options.types_file));
  if (!root) return failure_of(root);
  return web::http_service("files", options.http, file_tree(std::move(*root), options));
}

}  // namespace samjoko::services

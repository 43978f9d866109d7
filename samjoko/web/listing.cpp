#include <samjoko/web/listing.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <samjoko/os/open_beneath.hpp>
#include <samjoko/proto/grammar.hpp>
#include <samjoko/proto/http_date.hpp>

namespace samjoko::web {
namespace {

constexpr auto plain_characters = proto::alphanumeric_and("-._~/");

constexpr auto encoded_characters = proto::alphanumeric_and("-._~/%");

constexpr std::string_view style =
    "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.1em .8em .1em 0;text-align:left}"
    "td+td,th+th{white-space:nowrap}td+td+td,th+th+th{text-align:right}";

/// Rows are made for so many bytes at a time: between two such pieces other clients have their
/// turn.
constexpr std::size_t piece_size = 8 * 1024;

std::string encoded(std::string_view path, const proto::character_set& kept) {
  std::string out;
  for (const char c : path) {
    if (proto::contains(kept, c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

/// Whether the client that asks for the name gets 403 or 404, for a reason that is the name's own.
bool is_refused(const error& why) noexcept {
  switch (why.code()) {
    case EACCES:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
    case EPERM:
    case EXDEV: return true;
    default: return false;
  }
}

}  // namespace

std::string percent_encoded(std::string_view path) { return encoded(path, plain_characters); }
std::string encoded_again(std::string_view path) { return encoded(path, encoded_characters); }

result<std::unique_ptr<listing>> listing::make(std::shared_ptr<const os::descriptor> root,
                                               os::descriptor directory, std::string_view path,
                                               const directory_limits& limits) {
  auto names = directory_names::read(directory.get(), limits);
  if (!names) return failure_of(names);
  return std::make_unique<listing>(std::move(root), std::move(directory), path, std::move(*names));
}

void listing::begin(std::string& text) const {
  fmt::format_to(std::back_inserter(text),
                 "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\">"
                 "<title>{0}</title><style>{1}</style></head>\n<body><h1>{0}</h1>\n<table>\n"
                 "<tr><th>Name</th><th>Modified (UTC)</th><th>Bytes</th></tr>\n",
                 escaped(path_), style);
  if (path_ != "/") text += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
}

/// A link is looked at as it would be served: opened without leaving the root. The page says
/// nothing of a link that leaves it, not even whether it leads anywhere.
result<os::file_facts> listing::facts_of(const char* name) const {
  const auto facts = os::facts_of_entry(directory_.get(), name);
  if (facts) {
    const auto may = os::may_open_entry(directory_.get(), name, facts->kind);
    return may ? facts : std::unexpected(may.error());
  }
  if (!facts.error().is(ELOOP)) return facts;
  const auto from_root = path_.substr(1) + name;
  const auto target = os::open_beneath(root_->get(), from_root.c_str());
  if (!target) return std::unexpected(target.error());
  return os::facts_of(target->get());
}

result<void> listing::add_row(std::string& text, const char* name) const {
  const auto facts = facts_of(name);
  if (!facts && is_refused(facts.error())) return {};
  if (!facts) return std::unexpected(facts.error());
  if (facts->kind == os::file_kind::other) return {};
  const bool directory = facts->kind == os::file_kind::directory;
  const std::string_view slash = directory ? "/" : "";
  std::array<char, proto::http_date_size> room{};
  proto::format_http_date(facts->modified, room);
  const auto date = std::string_view(room.data(), room.size()).substr(5, 17);
  fmt::format_to(std::back_inserter(text),
                 "<tr><td><a href=\"{}{}\">{}{}</a></td><td>{}</td><td>{}</td></tr>\n",
                 percent_encoded(name), slash, escaped(name), slash, date,
                 directory ? "-" : std::to_string(facts->size));
  return {};
}

result<bool> listing::add_to(std::string& text) {
  if (!std::exchange(begun_, true)) begin(text);
  // Rows that are left out count too.
  constexpr std::size_t most_rows = 200;
  const auto end = std::min(names_.size(), next_ + most_rows);
  for (const auto before = text.size(); next_ < end && text.size() < before + piece_size;) {
    if (const auto row = add_row(text, names_[next_++]); !row) return std::unexpected(row.error());
  }
  if (next_ < names_.size()) return true;
  text += "</table>\n</body></html>\n";
  return false;
}

}  // namespace samjoko::web

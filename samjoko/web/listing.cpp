#include <samjoko/web/listing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <samjoko/os/file.hpp>
#include <samjoko/proto/grammar.hpp>
#include <samjoko/proto/http_date.hpp>
#include <tuple>

namespace samjoko::web {
namespace {

constexpr auto plain_characters = proto::alphanumeric_and("-._~/");

constexpr std::string_view style =
    "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.1em .8em .1em 0;text-align:left}"
    "td+td,th+th{white-space:nowrap}td+td+td,th+th+th{text-align:right}";

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

void add_row(std::string& page, const os::directory_entry& entry) {
  const bool directory = entry.facts.kind == os::file_kind::directory;
  const std::string_view slash = directory ? "/" : "";
  std::array<char, proto::http_date_size> room{};
  proto::format_http_date(entry.facts.modified, room);
  const auto date = std::string_view(room.data(), room.size()).substr(5, 17);
  fmt::format_to(std::back_inserter(page),
                 "<tr><td><a href=\"{}{}\">{}{}</a></td><td>{}</td><td>{}</td></tr>\n",
                 percent_encoded(entry.name), slash, escaped(entry.name), slash, date,
                 directory ? "-" : std::to_string(entry.facts.size));
}

auto order_of(const os::directory_entry& entry) {
  return std::tuple(entry.facts.kind != os::file_kind::directory, std::string_view(entry.name));
}

bool is_shown(const os::directory_entry& entry) {
  return !entry.name.starts_with('.') && entry.facts.kind != os::file_kind::other;
}

}  // namespace

std::string percent_encoded(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (proto::contains(plain_characters, c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

result<std::string> listing_page(int directory, std::string_view path) {
  auto entries = os::list_directory(directory, most_listed + 1);
  if (!entries) return failure_of(entries);
  const bool cut = entries->size() > most_listed;
  if (cut) entries->pop_back();
  std::erase_if(*entries, [](const auto& entry) { return !is_shown(entry); });
  std::ranges::sort(*entries, {}, order_of);
  auto page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<title>{0}</title><style>{1}</style></head>\n<body><h1>{0}</h1>\n<table>\n"
      "<tr><th>Name</th><th>Modified (UTC)</th><th>Bytes</th></tr>\n",
      escaped(path), style);
  if (path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
  for (const auto& entry : *entries) add_row(page, entry);
  page += "</table>\n";
  if (cut) fmt::format_to(std::back_inserter(page), "<p>Only {} of them.</p>\n", most_listed);
  return page += "</body></html>\n";
}

}  // namespace samjoko::web

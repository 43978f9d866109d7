#include <samjoko/proto/conditional.hpp>

#include <samjoko/proto/grammar.hpp>
#include <samjoko/proto/http_date.hpp>

#include <algorithm>

namespace samjoko::proto {
namespace {

constexpr character_set tag_characters() noexcept {
  character_set set{};
  for (std::size_t c = 0x21; c < set.size(); ++c) set[c] = c != '"' && c != 0x7f;
  return set;
}
constexpr character_set tag_set = tag_characters();

struct entity_tag {
  std::string_view opaque;  // with its quotes
  bool weak = false;
};

/// Takes one tag off the front; nothing where there is none (RFC 9110 section 8.8.3).
std::optional<entity_tag> take_tag(std::string_view& text) noexcept {
  entity_tag tag;
  tag.weak = text.starts_with("W/");
  if (tag.weak) text.remove_prefix(2);
  if (!text.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < text.size() && contains(tag_set, text[end])) ++end;
  if (end == text.size() || text[end] != '"') return std::nullopt;
  tag.opaque = text.substr(0, end + 1);
  text.remove_prefix(end + 1);
  return tag;
}

bool equal(const entity_tag& a, const entity_tag& b, bool strong) noexcept {
  return a.opaque == b.opaque && !(strong && (a.weak || b.weak));
}

void skip(std::string_view& text, std::string_view characters) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

/// Whether any of the lines of a known field lists the name.
bool any_line_lists(const request& asked, known_field which, std::string_view name,
                    std::string_view etag, bool strong) noexcept {
  if (!asked.repeated(which)) return etag_listed(*asked.find(which), etag, strong);
  for (std::size_t i = 0; i < asked.field_count(); ++i) {
    const auto field = asked.field(i);
    if (equal_ignoring_case(field.name, name) && etag_listed(field.value, etag, strong))
      return true;
  }
  return false;
}

std::optional<std::time_t> date_of(const request& asked, known_field which,
                                   std::time_t now) noexcept {
  const auto value = asked.find(which);
  if (!value || asked.repeated(which)) return std::nullopt;
  return parse_http_date(*value, now);
}

/// Steps 1 and 2 of section 13.2.2.
bool may_proceed(const request& asked, const validators& current, std::time_t now) noexcept {
  if (asked.find(known_field::if_match)) {
    return any_line_lists(asked, known_field::if_match, "If-Match", current.etag, true);
  }
  const auto since = date_of(asked, known_field::if_unmodified_since, now);
  return !since || !current.last_modified || *current.last_modified <= *since;
}

/// Steps 3 and 4: whether the client has it already.
bool is_known(const request& asked, const validators& current, std::time_t now) noexcept {
  if (asked.find(known_field::if_none_match)) {
    return any_line_lists(asked, known_field::if_none_match, "If-None-Match", current.etag, false);
  }
  const bool reads = asked.method() == http_method::get || asked.method() == http_method::head;
  const auto since = date_of(asked, known_field::if_modified_since, now);
  return reads && since && current.last_modified && *current.last_modified <= *since;
}

}  // namespace

bool etag_listed(std::string_view list, std::string_view etag, bool strong) noexcept {
  if (list == "*") return true;
  const auto wanted = take_tag(etag);
  if (!wanted) return false;
  for (;;) {
    skip(list, " \t,");
    const auto tag = take_tag(list);
    if (!tag) return false;
    skip(list, " \t");
    if (!list.empty() && list.front() != ',') return false;
    if (equal(*tag, *wanted, strong)) return true;
  }
}

precondition evaluate(const request& asked, const validators& current, std::time_t now) noexcept {
  if (!may_proceed(asked, current, now)) return precondition::failed;
  if (!is_known(asked, current, now)) return precondition::holds;
  const bool reads = asked.method() == http_method::get || asked.method() == http_method::head;
  return reads ? precondition::not_modified : precondition::failed;
}

bool if_range_holds(const request& asked, const validators& current, std::time_t now) noexcept {
  const auto value = asked.find(known_field::if_range);
  if (!value) return true;
  if (asked.repeated(known_field::if_range)) return false;
  auto rest = *value;
  if (const auto tag = take_tag(rest)) {
    auto etag = current.etag;
    const auto wanted = take_tag(etag);
    return rest.empty() && wanted && equal(*tag, *wanted, true);
  }
  const auto date = parse_http_date(*value, now);
  return date && current.last_modified == *date && *date < now;
}

}  // namespace samjoko::proto

#include <samjoko/cli/configuration.hpp>

#include <algorithm>
#include <samjoko/cli/units.hpp>
#include <samjoko/os/file.hpp>

namespace samjoko::cli {
namespace {

configuration broken(const std::string& name, const std::string& why) {
  configuration made;
  made.problems.push_back({{.from = source::file, .file = name}, name + ": " + why});
  return made;
}

std::string why_not_read(const error& wrong) {
  if (wrong.is(condition::too_long)) return "it is larger than 1 MiB: is it a configuration?";
  if (wrong.is(condition::bad_argument)) return "it is not a regular file";
  return "cannot be read: " + reason(wrong.code());
}

/// A quoted string of TOML (toml.io, "String"): the index behind it. A string of one line ends with
/// its line also when its quote is missing.
std::size_t skip_string(std::string_view text, std::size_t at, unsigned& line) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool is_long = text.substr(at).starts_with(three);
  for (at += is_long ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\n') {
      if (!is_long) return at;
      ++line;
    } else if (text[at] == '\\' && quote == '"') {
      if (at + 1 < text.size() && text[at + 1] != '\n') ++at;
    } else if (!is_long && text[at] == quote) {
      return at + 1;
    } else if (is_long && text.substr(at).starts_with(three)) {
      at += 3;  // and up to two quotes more that belong to the string
      for (int n = 0; n < 2 && at < text.size() && text[at] == quote; ++n) ++at;
      return at;
    }
  }
  return at;
}

}  // namespace

unsigned line_of_deep_key(std::string_view text) {
  unsigned line = 1, dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char each = text[at];
    if (each == '"' || each == '\'') {
      at = skip_string(text, at, line);
      continue;
    }
    if (each == '#') at = std::min(text.find('\n', at), text.size() - 1);
    if (text[at] == '\n') ++line, dots = 0;
    if (each == '.' && ++dots > most_dots_of_a_line) return line;
    ++at;
  }
  return 0;
}

configuration read_configuration(const std::string& path) {
  const auto text = os::read_whole_file(path, most_configuration_size);
  if (!text) return broken(path, why_not_read(text.error()));
  const std::string_view start = std::string_view(*text).substr(0, 2);
  if (start == "\xff\xfe" || start == "\xfe\xff")
    return broken(path, "it is UTF-16; TOML is UTF-8: save it so");
  return parse_configuration(*text, path);
}

}  // namespace samjoko::cli

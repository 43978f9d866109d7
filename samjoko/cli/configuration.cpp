#include <samjoko/cli/configuration.hpp>

#include <algorithm>
#include <cerrno>
#include <samjoko/cli/units.hpp>
#include <samjoko/os/file.hpp>
#include <samjoko/os/obeyed_file.hpp>
#include <samjoko/os/output.hpp>
#include <utility>

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
  if (wrong.is(EPERM))
    return wrong.on() +
           "; whoever may change it commands this server: close it to others, or give it as "
           "standard input (-)";
  return "cannot be read: " + reason(wrong.code());
}

/// A descriptor that the caller of this program opened is read as it is: that was the caller's
/// choice.
result<std::string> text_of_file(const std::string& path) {
  if (const auto own = os::own_descriptor_named(path))
    return os::read_whole_file(*own, path, most_configuration_size);
  auto file = os::open_obeyed_file(path);
  if (!file) return failure_of(file);
  return os::read_whole_file(file->get(), path, most_configuration_size);
}

/// A quoted string of TOML (toml.io, "String"): returns the index behind it. A string of one line
/// ends with its line also when its quote is missing.
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

/// Whether a line that begins here is a header, or looks like one, without a key in it.
bool is_header_without_key(std::string_view line) {
  constexpr std::string_view blank = " \t";
  line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
  if (!line.starts_with('[')) return false;
  line.remove_prefix(line.starts_with("[[") ? 2 : 1);
  line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
  const char next = line.empty() ? '\n' : line.front();
  const bool begins_key = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
                          (next >= '0' && next <= '9') || std::string_view("-_\"'").contains(next);
  return !begins_key;
}

}  // namespace

trap find_trap(std::string_view text) {
  unsigned line = 1, dots = 0;
  bool is_start = true;
  for (std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0; at < text.size();) {
    if (std::exchange(is_start, false) && is_header_without_key(text.substr(at)))
      return {line, "brackets without a key in them"};
    const char each = text[at];
    if (each == '"' || each == '\'') {
      at = skip_string(text, at, line);
      continue;
    }
    if (each == '#') at = std::min(text.find('\n', at), text.size() - 1);
    if (text[at] == '\n') ++line, dots = 0, is_start = true;
    if (each == '.' && ++dots > most_dots_of_a_line)
      return {line, "there are more dots in this line than any key has"};
    ++at;
  }
  return {};
}

configuration read_configuration(const std::string& path) {
  const bool is_input = path == "-";
  const auto text = is_input ? os::read_to_end(0, most_configuration_size) : text_of_file(path);
  const std::string name = is_input ? "standard input" : path;
  if (!text) return broken(name, why_not_read(text.error()));
  const std::string_view start = std::string_view(*text).substr(0, 2);
  if (start == "\xff\xfe" || start == "\xfe\xff")
    return broken(name, "it is UTF-16; TOML is UTF-8: save it so");
  return parse_configuration(*text, name);
}

}  // namespace samjoko::cli

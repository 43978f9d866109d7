#include <samjoko/cli/describe.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/units.hpp>

namespace samjoko::cli {
namespace {

/// As a basic string of TOML (toml.io, "String").
std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (const char each : text) {
    const auto code = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') made += '\\';
    if (code < 0x20 || code == 0x7f) {
      made += fmt::format("\\u{:04x}", code);
    } else {
      made += each;
    }
  }
  return made + "\"";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (const auto& each : texts) all.push_back(quoted(each));
  return fmt::format("[{}]", fmt::join(all, ", "));
}

std::string value_of(const option& which, const std::vector<std::string>& texts) {
  const auto& first = texts.front();
  if (which.repeats) return list_of(texts);
  if (is_switch(which)) return parse_switch(first).value_or(false) ? "true" : "false";
  const bool is_number = which.kind == "N" && !first.empty() &&
                         std::ranges::all_of(first, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? first : quoted(first);
}

std::string where_from(const std::vector<const setting*>& by) {
  if (by.empty()) return "built-in";
  const auto& where = by.front()->where;
  if (where.from == source::file) return fmt::format("{}:{}", where.file, where.line);
  return called(*by.front()->what, where);
}

std::string line_of(const option& which, const std::vector<const setting*>& by) {
  std::vector<std::string> texts;
  for (const auto* each : by) texts.push_back(each->text);
  if (texts.empty() && !which.standard.empty()) texts.emplace_back(which.standard);
  if (texts.empty()) return fmt::format("# {}: {}\n", which.name, default_of(which));
  return fmt::format("{:<36}  # {}\n", fmt::format("{} = {}", which.name, value_of(which, texts)),
                     where_from(by));
}

std::string lines_of(const decided_service& service, extent whose, const service_entry& entry) {
  std::string text;
  for (std::size_t n = 0; n < all_options().size(); ++n) {
    const auto& which = all_options()[n];
    if (which.holds_for != whose || which.name == "config") continue;
    if (!why_ignored(which, service.options, entry).empty()) continue;
    text += line_of(which, service.by[n]);
  }
  return text;
}

}  // namespace

std::string describe_services(const std::vector<decided_service>& services) {
  std::string text;
  for (const auto& [options, by] : services) {
    const auto groups = group(options.listen, options.placed);
    for (std::size_t n = 0; n < groups.all.size(); ++n) {
      std::vector<std::string> where;
      for (std::size_t each = 0; each < options.listen.size(); ++each) {
        if (groups.of_listener[each] == n) where.push_back(options.listen[each].text());
      }
      const auto workers = groups.all[n].how.workers;
      text += fmt::format("{}: {}{}{} on {} by {}, {} worker{}\n", options.title(), options.service,
                          options.arguments.empty() ? "" : " ", fmt::join(options.arguments, " "),
                          fmt::join(where, ", "), describe(groups.all[n].how), workers,
                          workers == 1 ? "" : "s");
    }
  }
  return text;
}

std::string print_configuration(const std::vector<decided_service>& services,
                                const std::vector<service_entry>& known) {
  const auto entry_of = [&known](const decided_service& one) -> const service_entry& {
    return *std::ranges::find(known, one.options.service, &service_entry::name);
  };
  auto text = lines_of(services.front(), extent::program, entry_of(services.front()));
  for (const auto& each : services) {
    const auto& options = each.options;
    text += fmt::format("\n[[service]]\nname = {}\nrun = {}\n", quoted(options.title()),
                        quoted(options.service));
    if (!options.arguments.empty())
      text += fmt::format("arguments = {}\n", list_of(options.arguments));
    text += lines_of(each, extent::service, entry_of(each));
  }
  return text;
}

}  // namespace samjoko::cli

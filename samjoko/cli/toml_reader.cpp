// The only file that includes toml++.
#include <samjoko/cli/configuration.hpp>

#include <fmt/format.h>
#include <toml++/toml.h>
#include <algorithm>
#include <expected>

#include <samjoko/cli/units.hpp>

namespace samjoko::cli {
namespace {

std::string_view kind_of(const toml::node& value) {
  switch (value.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer:
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
    case toml::node_type::none: break;
  }
  return "nothing";
}

bool takes_numbers(const option& which) {
  constexpr std::string_view kinds[] = {"N", "SIZE", "TIME", "MODE", "USER", "GROUP"};
  return std::ranges::find(kinds, which.kind) != std::end(kinds);
}

/// How to write a value, for a user who wrote something else.
std::string example_of(const option& which) {
  if (is_switch(which)) return fmt::format("{} = true", which.name);
  const auto value = which.standard.empty() ? which.kind : which.standard;
  if (which.kind == "N") return fmt::format("{} = {}", which.name, value);
  return fmt::format("{} = \"{}\"", which.name, value);
}

/// The text for the same value on a command line; nothing when the type is wrong.
std::optional<std::string> text_of(const option& which, const toml::node& value) {
  if (const auto* truth = value.as_boolean(); truth != nullptr && is_switch(which))
    return truth->get() ? "true" : "false";
  if (is_switch(which)) return std::nullopt;
  if (const auto* text = value.as_string()) return text->get();
  if (!takes_numbers(which)) return std::nullopt;
  if (const auto* number = value.as_integer()) {
    // A mode is octal however it is written: 660, "660" and 0o660 are the same.
    const bool octal = (number->flags() & toml::value_flags::format_as_octal) ==
                       toml::value_flags::format_as_octal;
    return octal && which.kind == "MODE" ? fmt::format("{:o}", number->get())
                                         : fmt::format("{}", number->get());
  }
  if (const auto* number = value.as_floating_point()) return fmt::format("{}", number->get());
  return std::nullopt;
}

class reader {
 public:
  explicit reader(const std::string& name) : name_(name) {}

  configuration read(const toml::table& root) {
    for (const auto& [key, value] : root) {
      if (key.str() == "service") {
        take_services(value);
      } else {
        take_top(key, value);
      }
    }
    std::ranges::sort(made_.problems, comes_before);
    return std::move(made_);
  }

  configuration give_up(const toml::source_region& where, std::string_view why) {
    complain(place(where), std::string(why));
    return std::move(made_);
  }

 private:
  [[nodiscard]] origin place(const toml::source_region& where) const {
    return {.from = source::file,
            .file = name_,
            .line = where.begin.line,
            .column = where.begin.column};
  }
  [[nodiscard]] origin place(const toml::key& key) const { return place(key.source()); }
  [[nodiscard]] origin place(const toml::node& value) const { return place(value.source()); }

  void complain(const origin& where, const std::string& what) {
    auto text = place_of(where) + what;
    std::ranges::replace(text, '\n', ' ');
    made_.problems.push_back({where, std::move(text)});
  }

  void take_top(const toml::key& key, const toml::node& value) {
    const auto name = key.str();
    const auto* which = find_option(name);
    if (name == "config")
      return complain(place(key), "config: a file cannot name another one; say it as --config");
    if (which != nullptr) return take_option(*which, key, value, made_.top);
    if (name == "run" || name == "name" || name == "arguments")
      return complain(place(key), fmt::format("{} belongs into a [[service]]", name));
    complain_of_unknown(key, [](const option&) { return true; }, {"service"});
  }

  void take_services(const toml::node& value) {
    const auto* list = value.as_array();
    if (list == nullptr)
      return complain(place(value), "service: write [[service]] in double brackets, once for each");
    for (const auto& each : *list) {
      if (const auto* section = each.as_table()) {
        take_service(*section);
      } else {
        complain(place(each),
                 fmt::format("service: {} will not do: write [[service]]", kind_of(each)));
      }
    }
  }

  void take_service(const toml::table& section) {
    wanted_service wanted;
    wanted.where = wanted.run_where = place(section);
    for (const auto& [key, value] : section) take_of_service(wanted, key, value);
    if (section.get("run") == nullptr) {
      complain(wanted.where, "this [[service]] does not say what it runs: run = \"echo\"");
    } else if (!wanted.run.empty()) {
      made_.services.push_back(std::move(wanted));
    }
  }

  void take_of_service(wanted_service& wanted, const toml::key& key, const toml::node& value) {
    const auto name = key.str();
    if (name == "run") {
      wanted.run_where = place(value);
      return take_text(wanted.run, key, value);
    }
    if (name == "name") return take_name(wanted.name, key, value);
    if (name == "arguments") return take_arguments(wanted.arguments, key, value);
    const auto* which = find_option(name);
    if (which == nullptr)
      return complain_of_unknown(key,
                                 [](const option& one) { return one.holds_for == extent::service; },
                                 {"run", "name", "arguments"});
    if (which->holds_for == extent::program)
      return complain(place(key), fmt::format("{} holds for the whole program: write it above the "
                                              "first [[service]]",
                                              name));
    take_option(*which, key, value, wanted.said);
  }

  void take_text(std::string& into, const toml::key& key, const toml::node& value) {
    const auto* text = value.as_string();
    if (text != nullptr && !text->get().empty()) {
      into = text->get();
    } else {
      complain(place(value),
               fmt::format("{}: {} will not do: write {} = \"…\"", key.str(),
                           text == nullptr ? kind_of(value) : "an empty string", key.str()));
    }
  }

  /// Names stand in log lines between spaces.
  void take_name(std::string& into, const toml::key& key, const toml::node& value) {
    take_text(into, key, value);
    const auto is_good = [](unsigned char each) {
      return std::isalnum(each) != 0 || each == '-' || each == '_' || each == '.';
    };
    if (into.size() <= 64 && std::ranges::all_of(into, is_good)) return;
    complain(place(value), "name: at most 64 letters, digits and any of - _ . make a name");
  }

  void take_arguments(std::vector<std::string>& into, const toml::key& key,
                      const toml::node& value) {
    const auto* list = value.as_array();
    if (list == nullptr)
      return complain(place(value), fmt::format("arguments: {} will not do: write arguments = "
                                                "[\"…\"]",
                                                kind_of(value)));
    for (const auto& each : *list) {
      into.emplace_back();
      take_text(into.back(), key, each);
    }
  }

  void take_option(const option& which, const toml::key& key, const toml::node& value,
                   std::vector<setting>& into) {
    const auto* list = which.repeats ? value.as_array() : nullptr;
    if (list == nullptr) return take_value(which, value, into);
    if (list->empty())
      complain(place(key), fmt::format("{}: the list is empty: leave it out", which.name));
    for (const auto& each : *list) take_value(which, each, into);
  }

  void take_value(const option& which, const toml::node& value, std::vector<setting>& into) {
    if (auto text = text_of(which, value)) {
      into.push_back({&which, std::move(*text), place(value)});
    } else {
      complain(place(value), fmt::format("{}: {} will not do: write {}", which.name, kind_of(value),
                                         example_of(which)));
    }
  }

  template <class IsAllowed>
  void complain_of_unknown(const toml::key& key, IsAllowed is_allowed,
                           std::vector<std::string> names) {
    for (const auto& each : all_options()) {
      if (is_allowed(each) && each.name != "config") names.emplace_back(each.name);
    }
    // A name with underscores for dashes differs by many letters but is one mistake.
    std::string written(key.str());
    std::ranges::replace(written, '_', '-');
    const auto near = nearest(written, names);
    complain(place(key), fmt::format("there is no key '{}'{}", key.str(),
                                     near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }

  const std::string& name_;
  configuration made_;
};

}  // namespace

configuration parse_configuration(std::string_view text, const std::string& name) {
  reader taking(name);
  if (const auto found = find_trap(text); found.line != 0) {
    const toml::source_position start{.line = found.line, .column = 1};
    return taking.give_up({.begin = start, .end = start, .path = {}}, found.why);
  }
  try {
    return taking.read(toml::parse(text, std::string_view(name)));
  } catch (const toml::parse_error& wrong) {
    return taking.give_up(wrong.source(), wrong.description());
  }
}

}  // namespace samjoko::cli

#include <samjoko/cli/environment.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <samjoko/cli/units.hpp>
#include <sstream>

namespace samjoko::cli {
namespace {

constexpr std::string_view prefix = "SAMJOKO_";

/// What container platforms set for a service of that name: Kubernetes, "Discovering services,
/// environment variables"; Docker, "legacy container links".
bool is_a_link(std::string_view variable) {
  const auto name = variable.substr(prefix.size());
  return name == "SERVICE_HOST" || name == "SERVICE_PORT" || name.starts_with("SERVICE_PORT_") ||
         name == "PORT" || name.starts_with("PORT_") || name == "NAME" || name.starts_with("ENV_");
}

problem unknown(std::string_view variable) {
  std::vector<std::string> names;
  for (const auto& each : all_options()) names.push_back(variable_of(each));
  const auto near = nearest(variable, names);
  return {{.from = source::environment},
          fmt::format("{}: there is no option of that name{}", variable,
                      near.empty() ? "" : fmt::format("; did you mean {}?", near))};
}

void say(const option& which, std::string_view value, std::vector<setting>& said) {
  const origin where{.from = source::environment};
  if (!which.repeats) return said.push_back({&which, std::string(value), where});
  std::istringstream words{std::string(value)};
  const auto before = said.size();
  for (std::string word; words >> word;) said.push_back({&which, word, where});
  if (said.size() == before) said.push_back({&which, "", where});  // to be refused as it is
}

}  // namespace

environment_said read_environment(char** environment) {
  environment_said made;
  for (auto** each = environment; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text(*each);
    const auto name = text.substr(0, text.find('='));
    if (!name.starts_with(prefix) || name.size() == text.size() || is_a_link(name)) continue;
    const auto which = std::ranges::find_if(
        all_options(), [name](const option& one) { return variable_of(one) == name; });
    if (which == all_options().end()) {
      made.problems.push_back(unknown(name));
    } else {
      say(*which, text.substr(name.size() + 1), made.said);
    }
  }
  return made;
}

}  // namespace samjoko::cli
